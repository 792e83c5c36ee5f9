// Guards the store against a server that fails: a block is sent again as it was until it has arrived and is there once,
// whoever produces rows is held meanwhile, a stop ends in time and says what is lost, and no password is ever shown.
import { expect, test } from 'vitest'
import { describeError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import { createStore, type StoreLimits } from '../../src/store/store.ts'
import { asset, checkpoint, liquidation, minutes, now } from './rows.ts'
import { engineSuite, keptLog } from './samples.ts'
import { type Behaviour, serve } from './server.ts'

const quick = { storeRetryMs: 5, storeRetryMsMax: 20, storeAgeMs: 5 }

function storeAt(url: string, changes: Partial<StoreLimits> = {}) {
  const log = keptLog()
  return Object.assign(createStore({ client: { url }, log, now, limits: { ...quick, ...changes } }), { log })
}

engineSuite('store on a server', () => {
  test('a server is used like the embedded engine', async () => {
    const server = await serve()
    const store = storeAt(`http://${server.host}`)
    await store.start()
    for (const row of minutes(400)) store.column(row)
    store.checkpoint(checkpoint())
    await store.flush()
    expect(await store.columns(asset(0), 0, 360)).toEqual(minutes(400).slice(-360))
    expect((await store.checkpoints()).map(({ offset }) => offset)).toEqual([7])
    expect(await store.query('SELECT count() AS n FROM candles')).toEqual([{ n: 400 }])
    await store.stop()
  })

  test('a question goes to a server with its limits, and passes the same gate before', async () => {
    const server = await serve()
    const store = storeAt(`http://${server.host}`)
    await store.start()
    for (const row of minutes(3)) store.column(row)
    await store.flush()
    const ask = async (sql: string) => Buffer.from(await store.ask(sql, 'csv')).toString()
    expect(await ask("SELECT count() AS n, 'it\\'s' AS s FROM candles")).toBe('"n","s"\n3,"it\'s"\n')
    expect(server.reading).toMatchObject({
      readonly: '1',
      default_format: 'CSVWithNames',
      max_execution_time: String(limits.sqlMsMax / 1000),
      max_memory_usage: String(limits.sqlQueryBytesMax),
      max_result_rows: String(limits.sqlRowsMax),
      result_overflow_mode: 'throw',
    })
    server.reading = {}
    for (const sql of ["SELECT file('/etc/passwd')", 'SELECT * FROM system.one', 'DROP TABLE columns']) {
      await expect(ask(sql)).rejects.toMatchObject({ code: 'LMAP_REQUEST_INVALID' })
    }
    expect(server.reading).toEqual({})
    await store.stop()
  })

  test('a block that fails is sent again as it was, and its rows are there once', async () => {
    const server = await serve()
    const failures: Behaviour[] = ['refuse', 'die before', 'die after', 'die after', 'refuse']
    server.behave = () => failures.shift() ?? 'answer'
    const store = storeAt(`http://${server.host}`)
    await store.start()
    for (const row of minutes(10)) store.column(row)
    store.liquidation(liquidation())
    await store.flush()
    expect(store.status()).toMatchObject({
      written: { columns: 10, liquidations: 1 },
      retries: 5,
      rowsWaiting: 0,
      failure: undefined,
    })
    const bodies = server.inserts.filter(({ table }) => table === 'columns').map(({ body }) => body)
    expect(bodies).toHaveLength(6)
    expect(new Set(bodies).size).toBe(1)
    expect(await store.columns(asset(0), 0, 360)).toEqual(minutes(10))
    expect(store.log.lines.join('\n')).toContain('No space left')
    await store.stop()
  })

  test('rows arrive before the checkpoint that has seen them', async () => {
    const server = await serve()
    const store = storeAt(`http://${server.host}`, { storeRowsMax: 10 })
    store.checkpoint(checkpoint({ offset: 1 }))
    for (const row of minutes(25)) store.column(row)
    store.checkpoint(checkpoint({ offset: 2 }))
    await store.start()
    await store.flush()
    expect(server.inserts.map(({ table }) => table)).toEqual([
      'columns',
      'checkpoints',
      'columns',
      'columns',
      'checkpoints',
    ])
    await store.stop()
  })

  test('rows that wait hold the producer until the server is back', async () => {
    const server = await serve()
    let down = true
    server.behave = () => (down ? 'die before' : 'answer')
    const store = storeAt(`http://${server.host}`, { storeQueueRowsMax: 20, storeRowsMax: 8 })
    await store.start()
    const rows = minutes(20)
    for (const row of rows) {
      expect(store.room).toBe(true)
      store.column(row)
    }
    const room = store.room as Promise<void>
    expect(room).toBeInstanceOf(Promise)
    let hasRoom = false
    const waited = room.then(() => {
      hasRoom = true
    })
    await expect.poll(() => store.status().retries).toBeGreaterThan(3)
    expect(hasRoom).toBe(false)
    expect(store.status().failure).toBeTypeOf('string')
    down = false
    await waited
    expect(store.room).toBe(true)
    await store.flush()
    expect(await store.columns(asset(0), 0, 360)).toEqual(rows)
    await store.stop()
  })

  test.for(['hang', 'refuse'] as const)(
    'a stop ends in time on a server that does %s, and says what is lost',
    async (behaviour) => {
      const server = await serve()
      server.behave = () => behaviour
      const store = storeAt(`http://${server.host}`, { storeQueueRowsMax: 3 })
      await store.start()
      for (const row of minutes(3)) store.column(row)
      const room = store.room
      const startMs = performance.now()
      await expect(store.stop()).rejects.toMatchObject({
        code: 'LMAP_STORE_DOWN',
        message: expect.stringContaining('3 rows'),
      })
      expect(performance.now() - startMs).toBeLessThan(limits.stopMsMax)
      await room
    },
  )

  test('a server that is not there, or refuses the login, is one line without the password', async () => {
    const server = await serve()
    server.login = 'map:right'
    const failures = await Promise.all(
      ['map:s3cret%2Fword@127.0.0.1:1', `map:s3cret%2Fword@${server.host}`, 'map:s3cret%2Fword@127.0.0.1:1/a-b'].map(
        (address) =>
          storeAt(`http://${address}`)
            .start()
            .catch((error) => error),
      ),
    )
    expect(failures.map(describeError)).toEqual([
      expect.stringMatching(
        /^LMAP_STORE_DOWN: no ClickHouse answers at http:\/\/127.0.0.1:1\/liquidity_map \(ECONNREFUSED\)/,
      ),
      expect.stringMatching(/^LMAP_STORE_DOWN: .* refuses the login \(AUTHENTICATION_FAILED\)/),
      expect.stringMatching(/^LMAP_CONFIG: /),
    ])
    for (const failure of failures) {
      const all = JSON.stringify([describeError(failure), failure.stack, failure.cause?.message, failure.cause?.stack])
      expect(all).not.toMatch(/s3cret/)
      expect(describeError(failure)).not.toContain('\n')
    }
    const store = storeAt(`http://map:right@${server.host}/market`)
    await store.start()
    await store.stop()
    expect(store.log.lines.join()).toContain(`${server.host}/market`)
    expect(store.log.lines.join()).not.toContain('right')
  })
})
