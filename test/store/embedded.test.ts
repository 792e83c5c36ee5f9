// Guards the store on the real embedded engine: what is written reads back to the bit, also by the views that people
// use, also after a restart; the same rows twice are rows once; what does not fit is refused with its code.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, LAYERS, Layer, usdOfCode } from '../../src/model/layers.ts'
import type { UnixMs } from '../../src/model/units.ts'
import { openClient } from '../../src/store/client.ts'
import { migrate, readMigrations } from '../../src/store/migrations.ts'
import { createStore, type StoreLimits } from '../../src/store/store.ts'
import { asset, checkpoint, column, liquidation, minutes, now, startMs } from './rows.ts'
import { anyColumn, engineSuite, keptLog, seed, temporaryFolder } from './samples.ts'

const storeAt = (path: string, limits: Partial<StoreLimits> = {}) =>
  createStore({ client: { path }, log: keptLog(), now, limits })

engineSuite('embedded store', () => {
  test('the schema is made once and found again', async () => {
    const path = temporaryFolder()
    const first = await openClient({ path })
    expect(await migrate(first)).toEqual(readMigrations().map(({ name }) => name))
    expect(await migrate(first)).toEqual([])
    await first.close()
    const second = await openClient({ path })
    expect(await migrate(second)).toEqual([])
    await second.close()
  })

  test('a migration that was changed, or that only a newer version knows, is refused', async () => {
    const path = temporaryFolder()
    const files = temporaryFolder()
    cpSync(fileURLToPath(new URL('../../ops/clickhouse', import.meta.url)), files, { recursive: true })
    const client = await openClient({ path })
    await migrate(client, readMigrations(files))
    const name = readdirSync(files).sort()[0]!
    writeFileSync(join(files, name), 'SELECT 1;\n')
    await expect(migrate(client, readMigrations(files))).rejects.toMatchObject({
      code: 'LMAP_STORE_SCHEMA',
      message: expect.stringContaining(name),
    })
    await expect(migrate(client, readMigrations().slice(0, 1))).rejects.toMatchObject({ code: 'LMAP_STORE_SCHEMA' })
    await client.close()
  })

  test(`columns read back to the bit (seed ${seed})`, async () => {
    const store = storeAt(temporaryFolder())
    await store.start()
    let minute = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyColumn, { maxLength: 20 }), async (columns) => {
        // Each at a time of its own, in few months, as the engine closes them.
        const written = columns.map((row) => ({ ...row, openMs: startMs + minute++ * 60_000 + (row.openMs % 60_000) }))
        for (const row of written) store.column(row)
        await store.flush()
        for (const row of written) {
          const found = await store.columns(row.asset, row.timeframe, 10_000)
          expect(found.filter(({ openMs }) => openMs === row.openMs)).toEqual([row])
        }
      }),
      { seed, numRuns: 15 },
    )
    await store.stop()
  })

  test('history survives a restart, newest columns first to be kept, oldest first in the answer', async () => {
    const path = temporaryFolder()
    const written = minutes(500)
    const first = storeAt(path)
    await first.start()
    // Out of order, over the end of a month and in blocks of several inserts.
    for (const row of [...written].reverse()) first.column(row)
    await first.flush()
    await first.stop()
    const second = storeAt(path)
    await second.start()
    expect(await second.columns(asset(0), 0, 360)).toEqual(written.slice(-360))
    expect(await second.columns(asset(0), 0, 1000)).toEqual(written)
    expect(await second.columns(asset(0), 1, 360)).toEqual([])
    expect(await second.columns(asset(1), 0, 360)).toEqual([])
    await second.stop()
  })

  test('the same rows twice are rows once; of two versions of a column the one that saw more stays', async () => {
    const store = storeAt(temporaryFolder())
    await store.start()
    for (let time = 0; time < 2; time++) {
      for (const row of minutes(400)) store.column(row)
      store.liquidation(liquidation())
      store.liquidation(liquidation({ side: 1 }))
      await store.flush()
    }
    expect(await store.columns(asset(0), 0, 360)).toEqual(minutes(400).slice(-360))
    expect(await store.query('SELECT side, usd FROM liquidations FINAL ORDER BY side')).toEqual([
      { side: 'long', usd: 3_750.375 },
      { side: 'short', usd: 3_750.375 },
    ])
    const half = minutes(1, { observedMs: 30_000, close: 1 })[0]!
    store.column(half)
    await store.flush()
    expect((await store.columns(asset(0), 0, 1000))[0]).toEqual(minutes(1)[0])
    await store.stop()
  })

  test('the views answer in USD and in candles', async () => {
    const store = storeAt(temporaryFolder())
    await store.start()
    const cells = new Uint8Array(LAYERS * BUCKETS)
    cells[Layer.bid * BUCKETS + 5] = 1
    cells[Layer.bid * BUCKETS + 9] = 255
    cells[Layer.shortLevel * BUCKETS + BUCKETS - 1] = 77
    store.column(column({ asset: asset(2), timeframe: 3, baseBucket: 100, step: 0.5, quantumUsd: 20, cells }))
    store.liquidation(liquidation())
    await store.flush()
    const rows = await store.query<{ layer: string; price: number; usd: number; time: string }>(
      'SELECT * FROM heatmap WHERE asset = {asset:String} AND timeframe = {timeframe:String} ORDER BY layer, price',
      { asset: 'SOL', timeframe: '1h' },
    )
    expect(rows.map(({ layer, price }) => [layer, price])).toEqual([
      ['bid', 105 * 0.5],
      ['bid', 109 * 0.5],
      ['shortLevel', (100 + BUCKETS - 1) * 0.5],
    ])
    expect(rows[0]!.time).toBe('2026-01-31 23:00:00.000')
    for (const [row, code] of [
      [rows[0], 1],
      [rows[1], 255],
      [rows[2], 77],
    ] as const) {
      expect(row!.usd / usdOfCode(code, 20)).toBeCloseTo(1, 12)
    }
    expect(await store.query('SELECT asset, timeframe, open, close, volumeUsd FROM candles')).toEqual([
      { asset: 'SOL', timeframe: '1h', open: 60_000.1, close: 60_001.9, volumeUsd: 123_456.789 },
    ])
    expect(await store.query('SELECT * EXCEPT writtenAt FROM liquidations')).toEqual([
      {
        asset: 'ETH',
        venue: 'bybit',
        time: '2026-01-31 23:00:00.123',
        side: 'long',
        price: 2_500.25,
        priceKind: 'bankruptcy',
        coins: 1.5,
        usd: 3_750.375,
      },
    ])
    await store.stop()
  })

  test('the newest checkpoint of each asset comes back, also when more than two wait', async () => {
    const path = temporaryFolder()
    const store = storeAt(path)
    await store.start()
    expect(await store.checkpoints()).toEqual([])
    for (let offset = 1; offset <= 5; offset++) {
      store.checkpoint(checkpoint({ offset }))
      store.checkpoint(checkpoint({ asset: asset(3), offset, image: new Uint8Array([offset]) }))
    }
    await store.flush()
    store.checkpoint(checkpoint({ offset: 6, clockMs: startMs + 5, layout: 2 }))
    await store.stop()
    const again = storeAt(path)
    await again.start()
    const found = await again.checkpoints()
    expect(found.map(({ asset, offset, clockMs, layout }) => [asset, offset, clockMs, layout])).toEqual([
      [0, 6, startMs + 5, 2],
      [3, 5, startMs, 1],
    ])
    expect(Buffer.compare(found[0]!.image, checkpoint().image)).toBe(0)
    expect([...found[1]!.image]).toEqual([5])
    await again.stop()
  })

  test('rows are written by age without a flush, and stop writes the rest', async () => {
    const path = temporaryFolder()
    const store = storeAt(path, { storeAgeMs: 20 })
    await store.start()
    store.column(column())
    await expect.poll(() => store.status().written.columns).toBe(1)
    for (const row of minutes(50)) store.column(row)
    expect(store.status()).toMatchObject({ rowsWaiting: 50, retries: 0, failure: undefined })
    await store.stop()
    await store.stop()
    expect(store.status()).toMatchObject({ written: { columns: 51 }, rowsWaiting: 0, lagMs: 0 })
    expect(() => store.column(column())).toThrow('stopped')
  })

  test('what is handed over before the start waits for it; questions before it are refused', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now: () => startMs as UnixMs })
    store.column(column())
    await expect(store.columns(asset(0), 0, 1)).rejects.toMatchObject({ code: 'LMAP_NOT_READY' })
    await store.start()
    await store.flush()
    expect(await store.columns(asset(0), 0, 1)).toEqual([column()])
    await store.stop()
  })

  test('a folder that another process has open is refused with its number, and free when that has died', async () => {
    const path = temporaryFolder()
    const client = new URL('../../src/store/client.ts', import.meta.url).href
    const source = `import { openClient } from '${client}'; await openClient({ path: process.argv[1] });
    console.log('open'); setInterval(() => {}, 1000)`
    const other = spawn(process.execPath, ['--input-type=module', '--eval', source, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(other.stdout, 'data')
      await expect(storeAt(path).start()).rejects.toMatchObject({
        code: 'LMAP_DATA_IN_USE',
        message: expect.stringContaining(`process ${other.pid}`),
        hint: expect.stringContaining('--data'),
      })
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
    const store = storeAt(path)
    await store.start()
    await store.stop()
  })

  test('every row that was acknowledged survives a kill in the middle of writing', async () => {
    const path = temporaryFolder()
    const source = `
    import { createStore } from '${new URL('../../src/store/store.ts', import.meta.url).href}'
    import { minutes, now } from '${new URL('./rows.ts', import.meta.url).href}'
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const store = createStore({ client: { path: process.argv[1] }, log, now })
    await store.start()
    for (const row of minutes(10_000)) {
      store.column(row)
      await store.flush()
      console.log('acknowledged')
    }`
    const writer = spawn(process.execPath, ['--input-type=module', '--eval', source, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = 0
    for await (const chunk of writer.stdout) {
      acknowledged += String(chunk).split('\n').length - 1
      if (acknowledged >= 20 && !writer.killed) writer.kill('SIGKILL')
    }
    const store = storeAt(path)
    await store.start()
    const found = await store.columns(asset(0), 0, 100_000)
    expect(found.length).toBeGreaterThanOrEqual(acknowledged)
    expect(found).toEqual(minutes(found.length))
    await store.stop()
  })

  test('a folder that cannot be made is refused', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    await expect(storeAt(join(file, 'data')).start()).rejects.toMatchObject({
      code: 'LMAP_DATA_FOLDER',
      message: expect.stringContaining('ENOTDIR'),
    })
  })
})
