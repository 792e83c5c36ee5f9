// Guards the rows that wait on the disk while a server is away: none is lost, doubled or turned around, whether the
// server comes back, the process is stopped, or it is killed; and the engine is not held as long as the disk has room.
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Spill } from '../../src/store/spill.ts'
import { createStore, type StoreLimits } from '../../src/store/store.ts'
import { asset, checkpoint, liquidation, minutes, now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'
import { type Behaviour, serve } from './server.ts'

const quick = { storeRetryMs: 5, storeRetryMsMax: 20, storeAgeMs: 5 }

function storeAt(host: string, spillFolder: string, changes: Partial<StoreLimits> = {}) {
  const log = keptLog()
  const options = { client: { url: `http://${host}` }, log, now, spillFolder, limits: { ...quick, ...changes } }
  return Object.assign(createStore(options), { log })
}

const insert = (body: string, table: 'columns' | 'checkpoints' = 'columns') => ({
  table,
  columns: ['a'],
  body,
  rows: 1,
})

test('inserts leave the disk in their order, also in another process, checkpoints last and only the newest', async () => {
  const folder = temporaryFolder()
  const spill = new Spill(folder, 1000)
  expect(spill.open()).toEqual({ files: 0, bytes: 0, unfinished: 0 })
  await spill.put(insert('BTC\told', 'checkpoints'))
  for (let number = 0; number < 5; number++) await spill.put(insert(`row ${number}`))
  await spill.put(insert('BTC\tnew', 'checkpoints'))
  writeFileSync(join(folder, '000000000009.insert.part'), 'cut off')
  const again = new Spill(folder, 1000)
  expect(again.open()).toMatchObject({ files: 6, bytes: spill.bytes, unfinished: 1 })
  await again.put(insert('row 5'))
  const bodies: string[] = []
  for (let first = await again.first(); first !== undefined; first = await again.first()) {
    bodies.push(first.insert.body)
    await again.remove(first.file)
  }
  expect(bodies).toEqual(['row 0', 'row 1', 'row 2', 'row 3', 'row 4', 'row 5', 'BTC\tnew'])
  expect([again.isEmpty, again.bytes, readdirSync(folder)]).toEqual([true, 0, []])
})

test('the disk has a bound', async () => {
  const spill = new Spill(temporaryFolder(), 120)
  spill.open()
  expect(await spill.put(insert('x'))).toBe(true)
  expect(await spill.put(insert('x'.repeat(80)))).toBe(false)
  expect(spill.files).toBe(1)
})

engineSuite('a server that is away', () => {
  test('under load and back: the same rows as without, in the order of their writing, and nobody was held', async () => {
    const server = await serve()
    let down = false
    const failures: Behaviour[] = ['die before', 'refuse', 'die after']
    let asked = 0
    server.behave = () => (down ? failures[asked++ % failures.length]! : 'answer')
    const folder = temporaryFolder()
    const store = storeAt(server.host, folder, { storeQueueRowsMax: 200, storeRowsMax: 20 })
    await store.start()
    const rows = minutes(600)
    for (const [index, row] of rows.entries()) {
      if (index === 100) down = true
      if (index === 500) down = false
      store.column(row)
      if (index % 50 === 0) store.liquidation(liquidation({ venueMs: row.openMs }))
      if (index % 40 === 0) {
        store.checkpoint(checkpoint({ offset: index }))
        await store.flush()
      }
      expect(store.room).toBe(true)
    }
    await store.flush()
    await expect.poll(() => store.status().bytesOnDisk, { timeout: 20_000 }).toBe(0)
    expect(await store.columns(asset(0), 0, 1000)).toEqual(rows)
    expect(await store.query('SELECT count() AS n FROM liquidations FINAL')).toEqual([{ n: 12 }])
    expect((await store.checkpoints())[0]!.offset).toBe(560)
    expect(store.log.lines.join('\n')).toContain('all that waited on the disk is in the store')
    expect(readdirSync(folder)).toEqual([])
    await store.stop()
    // First arrivals of each column are in the order in which they were handed over.
    const arrived = server.inserts.filter(({ table }) => table === 'columns').map(({ body }) => body.split('\t')[2]!)
    const firsts = [...new Set(arrived)]
    expect(firsts).toEqual([...firsts].sort())
  }, 60_000)

  test('a stop keeps what waits, and the next start writes it first and says so', async () => {
    const server = await serve()
    let down = false
    server.behave = () => (down ? 'die before' : 'answer')
    const folder = temporaryFolder()
    const first = storeAt(server.host, folder)
    await first.start()
    down = true
    for (const row of minutes(50)) first.column(row)
    first.checkpoint(checkpoint({ offset: 9 }))
    await first.stop()
    expect(first.log.lines.join('\n')).toContain('rows wait on the disk: the next start writes them')
    down = false
    const second = storeAt(server.host, folder)
    await second.start()
    expect(second.log.lines.join('\n')).toContain('rows of an earlier run wait on the disk')
    expect(await second.columns(asset(0), 0, 100)).toEqual(minutes(50))
    expect((await second.checkpoints()).map(({ offset }) => offset)).toEqual([9])
    expect(second.status()).toMatchObject({ bytesOnDisk: 0, rowsWaiting: 0 })
    await second.stop()
  })

  test('a kill loses only what was not on the disk yet', async () => {
    const server = await serve()
    let down = false
    server.behave = () => (down ? 'die before' : 'answer')
    const folder = temporaryFolder()
    const source = `
    import { createStore } from '${new URL('../../src/store/store.ts', import.meta.url).href}'
    import { minutes, now } from '${new URL('./rows.ts', import.meta.url).href}'
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const [url, spillFolder] = process.argv.slice(1)
    const store = createStore({ client: { url }, log, now, spillFolder })
    await store.start()
    console.log('open')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    for (const row of minutes(10_000)) {
      store.column(row)
      await store.flush()
      console.log('kept')
    }`
    const writer = spawn(process.execPath, ['--input-type=module', '--eval', source, `http://${server.host}`, folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let kept = 0
    for await (const chunk of writer.stdout) {
      if (String(chunk).includes('open')) {
        down = true
        writer.stdin.write('go')
      }
      kept += String(chunk).split('kept').length - 1
      if (kept >= 20 && !writer.killed) writer.kill('SIGKILL')
    }
    down = false
    const store = storeAt(server.host, folder)
    await store.start()
    const found = await store.columns(asset(0), 0, 100_000)
    expect(found.length).toBeGreaterThanOrEqual(kept)
    expect(found).toEqual(minutes(found.length))
    expect(store.status().bytesOnDisk).toBe(0)
    await store.stop()
  }, 30_000)
})
