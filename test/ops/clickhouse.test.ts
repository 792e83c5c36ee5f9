// Guards the embedded engine behind ClickHouse's HTTP interface: whatever the official client says to a server works the
// same here, one request's settings never reach another, failures carry ClickHouse's codes, and nothing is unbounded.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { expect, onTestFinished, test } from 'vitest'
import { type ClickHouseOptions, type RunningClickHouse, startClickHouse } from '../../ops/clickhouse/clickhouse.ts'
import { readStatement } from '../../ops/clickhouse/statement.ts'
import { describeError } from '../../src/model/errors.ts'
import { createStore } from '../../src/store/store.ts'
import { projectRoot } from '../source-files.ts'
import { asset, checkpoint, liquidation, minutes, now } from '../store/rows.ts'
import { engineSuite, keptLog, temporaryFolder } from '../store/samples.ts'

const log = { level: ClickHouseLogLevel.OFF }

async function start(options: Partial<ClickHouseOptions> = {}): Promise<RunningClickHouse> {
  const running = await startClickHouse({ port: 0, path: temporaryFolder(), ...options })
  onTestFinished(() => running.stop())
  return running
}

function clientOf({ url }: RunningClickHouse, options: object = {}): ClickHouseClient {
  const client = createClient({ url, log, ...options })
  onTestFinished(() => client.close())
  return client
}

async function rowsOf<Row>(client: ClickHouseClient, query: string, query_params = {}): Promise<Row[]> {
  return (await client.query({ query, query_params, format: 'JSONEachRow' })).json<Row>()
}

// biome-ignore lint/suspicious/noExplicitAny: whatever was thrown
const failureOf = (work: Promise<unknown>): Promise<any> => work.catch((error) => error)

engineSuite('ClickHouse HTTP on the embedded engine', () => {
  test('answers the official client: ping, commands, questions with parameters, inserts, its own failures', async () => {
    const server = await start()
    const client = clientOf(server)
    expect(await client.ping()).toEqual({ success: true })
    expect(await client.ping({ select: true })).toEqual({ success: true })
    await client.command({ query: 'CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a -- done;' })
    const sent = await client.insert({ table: 't', values: [{ a: 1, b: "it's\t\\ \n'" }], format: 'JSONEachRow' })
    expect(sent.summary).toMatchObject({ written_rows: '1' })
    await client.insert({ table: 't', values: [[2, 'ü']], columns: ['a', 'b'], format: 'JSONCompactEachRow' })
    await client.insert({ table: 't', values: [], format: 'JSONEachRow' })
    await client.insert({
      table: 't',
      values: Readable.from(['3\tx\n', '4\ty;\n'], { objectMode: false }),
      format: 'TabSeparated',
    })
    expect(await rowsOf(client, 'SELECT b FROM t WHERE a = {a:UInt32}', { a: 1 })).toEqual([{ b: "it's\t\\ \n'" }])
    const given = { list: [1, 2], text: "a'\\\t{b:String}", nothing: null, map: { k: 'v' }, yes: true }
    const sql =
      'SELECT {list:Array(UInt8)} AS list, {text:String} AS text, {nothing:Nullable(String)} AS nothing, {map:Map(String, String)} AS map, {yes:Bool} AS yes'
    expect(await rowsOf(client, sql, given)).toEqual([given])
    const multipart = await client.query({
      query: sql,
      query_params: given,
      format: 'JSONEachRow',
      use_multipart_params: true,
    })
    expect(await multipart.json()).toEqual([given])
    const whole = await client.query({ query: 'SELECT count() AS n FROM t', format: 'JSON' })
    expect(await whole.json()).toMatchObject({ data: [{ n: 4 }], rows: 1 })
    const { stream, summary } = await client.exec({
      query: 'INSERT INTO t FORMAT CSV',
      values: Readable.from(['5,"z"\n']),
    })
    stream.resume()
    expect(summary).toMatchObject({ written_rows: '1' })
    for (const [query, type, code] of [
      ['SELECT * FROM nope', 'UNKNOWN_TABLE', '60'],
      ['SELEC 1', 'SYNTAX_ERROR', '62'],
      ['SELECT {x:String}', 'UNKNOWN_QUERY_PARAMETER', '456'],
      ["SELECT throwIf(1, 'no')", 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO', '395'],
    ] as const) {
      expect(await failureOf(client.command({ query }))).toMatchObject({ type, code })
    }
  })

  test('bodies that are packed, and bytes that are no text', async () => {
    const server = await start()
    for (const compression of [
      { request: true, response: true },
      { request: { codec: 'zstd' }, response: { codec: 'zstd' } },
      { request: { codec: 'br' }, response: { codec: 'br' } },
    ]) {
      const client = clientOf(server, { compression })
      await client.command({ query: 'CREATE OR REPLACE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a' })
      const values = Array.from({ length: 1_000 }, (_, a) => ({ a, b: `row ${a}` }))
      await client.insert({ table: 't', values, format: 'JSONEachRow' })
      expect(await rowsOf(client, 'SELECT a, b FROM t ORDER BY a')).toEqual(values)
    }
    const client = clientOf(server)
    const native = await client.exec({ query: "SELECT toUInt32(7) AS a, unhex('FFFE00C3') AS b FORMAT RowBinary" })
    const bytes = Buffer.concat(await native.stream.toArray())
    expect(bytes.toString('hex')).toBe('0700000004fffe00c3')
    const { stream } = await client.exec({ query: 'INSERT INTO t FORMAT RowBinary', values: Readable.from([bytes]) })
    stream.resume()
    expect(await rowsOf(client, "SELECT hex(b) AS h FROM t WHERE a = 7 AND b != 'row 7'")).toEqual([{ h: 'FFFE00C3' }])
    const broken = await fetch(`${server.url}/?query=INSERT+INTO+t+FORMAT+TSV`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: 'not packed',
    })
    expect([broken.status, broken.headers.get('x-clickhouse-exception-code')]).toEqual([500, '271'])
    const bomb = await fetch(`${server.url}/?query=INSERT+INTO+t+FORMAT+TSV`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(Buffer.alloc(80 << 20))),
    })
    expect([bomb.status, await bomb.text()]).toEqual([413, expect.stringContaining('QUERY_IS_TOO_LARGE')])
  })

  test('a large answer arrives piece by piece, and one that fails in its middle never looks whole', async () => {
    const client = clientOf(await start())
    const answer = await client.query({ query: 'SELECT number FROM numbers(300000)', format: 'JSONEachRow' })
    let rows = 0
    for await (const part of answer.stream<{ number: string }>()) rows += part.length
    expect(rows).toBe(300_000)
    const query = 'SELECT number, throwIf(number = 250000) FROM numbers(300000)'
    // Whether it fails before its first piece or after is the engine's haste.
    const broken = client.query({ query, format: 'JSONEachRow' }).then((part) => part.json())
    expect(await failureOf(broken)).toBeInstanceOf(Error)
    const settings = { wait_end_of_query: 1 as const }
    const late = await failureOf(client.query({ query, format: 'JSONEachRow', clickhouse_settings: settings }))
    expect(late).toMatchObject({ code: '395' })
    // Left after the first piece: the engine is free for the next one.
    const left = await client.query({ query: 'SELECT number FROM numbers(3000000)', format: 'JSONEachRow' })
    for await (const part of left.stream()) if (part.length > 0) break
    left.close()
    expect(await rowsOf(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('settings, database and rights of one request are gone with it', async () => {
    const server = await start()
    const client = clientOf(server)
    await client.command({ query: 'CREATE DATABASE d' })
    const inD = clientOf(server, { database: 'd', clickhouse_settings: { max_threads: 1 } })
    await inD.command({ query: 'CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a' })
    await client.command({ query: 'SET max_threads = 7' })
    await client.command({ query: 'USE d' })
    const state = "SELECT currentDatabase() AS d, value AS v FROM system.settings WHERE name = 'max_threads'"
    expect(await rowsOf(inD, state)).toEqual([{ d: 'd', v: '1' }])
    const [other] = await rowsOf<{ d: string; v: string }>(client, state)
    expect(other!.d).toBe('default')
    expect(['1', '7']).not.toContain(other!.v)
    const wrong = clientOf(server, { database: 'nope' })
    expect(await failureOf(wrong.query({ query: 'SELECT 1' }))).toMatchObject({ type: 'UNKNOWN_DATABASE' })
    // readonly holds whatever stands behind it in the request.
    const reading = { readonly: '1', max_threads: 3 }
    const write = inD.command({ query: 'INSERT INTO t VALUES (1)', clickhouse_settings: reading })
    expect(await failureOf(write)).toMatchObject({ type: 'READONLY' })
    const got = await fetch(`${server.url}/?query=${encodeURIComponent('INSERT INTO d.t VALUES (1)')}`)
    expect([got.status, await got.text()]).toEqual([500, expect.stringMatching(/^Code: 164\. .*\(READONLY\)/)])
    const unknown = await failureOf(client.query({ query: 'SELECT 1', clickhouse_settings: { no_such: 1 } as never }))
    expect(unknown).toMatchObject({ type: 'UNKNOWN_SETTING' })
    const session = await failureOf(client.query({ query: 'SELECT 1', session_id: 'mine' }))
    expect(session).toMatchObject({ type: 'NOT_IMPLEMENTED' })
  })

  test('what an engine in a process would do and a server does not is refused', async () => {
    const client = clientOf(await start())
    for (const query of [
      "SELECT 1; SELECT ';'",
      "SELECT 1 INTO OUTFILE '/tmp/lmap-never'",
      "INSERT INTO t FROM INFILE '/etc/hostname' FORMAT TSV",
      '/* ; */ -- ;\n SELECT 1 ; DROP TABLE t',
      ' ; ',
    ]) {
      expect(await failureOf(client.command({ query })), query).toMatchObject({ type: 'SYNTAX_ERROR', code: '62' })
    }
    const odd = await client.exec({ query: "SELECT ';--' AS `a;b` /* ; */ FORMAT JSONEachRow; -- the end;\n" })
    expect(Buffer.concat(await odd.stream.toArray()).toString()).toBe('{"a;b":";--"}\n')
    expect(readStatement('insert into t format TSV\n1;2;3')).toEqual({ verb: 'INSERT', format: 'TSV' })
    expect(readStatement("WITH 'FORMAT x' AS y SELECT y FORMAT JSON;")).toEqual({ verb: 'WITH', format: 'JSON' })
    expect(() => readStatement(`SELECT ${'1+'.repeat(1 << 20)}1`)).toThrow('too long')
  })

  test('strangers are refused: a wrong password, pages of a browser, other names of this machine', async () => {
    const login = { user: 'map', password: 'right' }
    const server = await start({ login })
    const client = clientOf(server, { username: 'map', password: 'right' })
    expect(await rowsOf(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    const wrong = clientOf(server, { username: 'map', password: 'wrong' })
    expect(await failureOf(wrong.query({ query: 'SELECT 1' }))).toMatchObject({
      type: 'AUTHENTICATION_FAILED',
      code: '516',
    })
    const page = await fetch(`${server.url}/?query=SELECT+1`, { headers: { origin: 'https://example.com' } })
    expect(page.status).toBe(403)
    const open = startClickHouse({ port: 0, host: '0.0.0.0', path: temporaryFolder() })
    expect(describeError(await failureOf(open))).toMatch(/^LMAP_CONFIG: without a password/)
    const busy = startClickHouse({ port: Number(new URL(server.url).port), path: temporaryFolder(), login })
    expect(describeError(await failureOf(busy))).toMatch(/LMAP_(PORT_BUSY|DATA_FOLDER)/)
  })

  test('without a password a name that was made to point here is refused', async () => {
    const { url } = await start()
    const { port } = new URL(url)
    const sent = request({ port, host: '127.0.0.1', path: '/?query=SELECT+1', headers: { host: 'evil.example' } })
    sent.end()
    const [answer] = await once(sent, 'response')
    answer.resume()
    expect(answer.statusCode).toBe(403)
  })

  test('requests above the bound are refused with the code of a server, the others are answered', async () => {
    const server = await start()
    const client = clientOf(server)
    // Each has sent half of its question and holds its place.
    const held = Array.from({ length: 64 }, () => {
      const asking = request(server.url, { method: 'POST' })
      asking.write('SELECT')
      return asking
    })
    const answers = held.map(async (asking) => {
      const [answer] = (await once(asking, 'response')) as [IncomingMessage]
      return text(answer)
    })
    const asked = async () => (await failureOf(rowsOf(client, 'SELECT 1'))).type
    await expect.poll(asked, { timeout: 10_000 }).toBe('TOO_MANY_SIMULTANEOUS_QUERIES')
    for (const asking of held) asking.end(' 1')
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['1\n']))
    expect(await rowsOf(client, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('words that cannot be used are refused in one line', () => {
    for (const words of [['--port', 'x'], ['--host', '0.0.0.0'], ['--nope']]) {
      const { status, stderr } = spawnSync(process.execPath, ['ops/clickhouse/clickhouse.ts', ...words], {
        cwd: projectRoot,
        encoding: 'utf8',
        env: { ...process.env, LMAP_CLICKHOUSE_PASSWORD: '' },
      })
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^LMAP_CONFIG: [^\n]+\n$/)])
    }
  })

  test('our store works on it as on a server, and what it wrote outlives a stop in the middle of work', async () => {
    const path = temporaryFolder()
    const first = await start({ path })
    const open = (url: string) => createStore({ client: { url }, log: keptLog(), now })
    const store = open(first.url)
    await store.start()
    for (const row of minutes(400)) store.column(row)
    store.liquidation(liquidation())
    store.checkpoint(checkpoint())
    await store.flush()
    expect(await store.columns(asset(0), 0, 360)).toEqual(minutes(400).slice(-360))
    expect((await store.checkpoints()).map(({ offset }) => offset)).toEqual([7])
    expect(Buffer.from(await store.ask('SELECT count() AS n FROM candles', 'csv')).toString()).toBe('"n"\n400\n')
    await store.stop()
    const asking = rowsOf(clientOf(first), 'SELECT sleep(0.5) AS s')
    await expect.poll(async () => (await rowsOf(clientOf(first), 'SELECT 1 AS one')).length).toBe(1)
    const [answered] = await Promise.all([asking, first.stop()])
    expect(answered).toEqual([{ s: 0 }])
    const again = await start({ path })
    const later = open(again.url)
    await later.start()
    expect(await later.columns(asset(0), 0, 360)).toEqual(minutes(400).slice(-360))
    await later.stop()
  })
})
