// Guards the door for questions: whatever writes, reads files, calls out, waits, opens other tables or breaks out of one
// statement is refused, limits of time, memory and rows end a question and only this one, and honest questions pass.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { limits } from '../../src/model/limits.ts'
import type { SqlFormat } from '../../src/store/sql.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { column, liquidation, minutes, now } from './rows.ts'
import { engineSuite, keptLog } from './samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'lmap-sql-'))
const secretFile = join(folder, 'secret.txt')
writeFileSync(secretFile, 'the secret of this machine')

engineSuite('questions', () => {
  let store: ClickHouseStore
  const ask = async (sql: string, format: SqlFormat = 'tsv') => Buffer.from(await store.ask(sql, format)).toString()

  beforeAll(async () => {
    store = createStore({ client: { path: join(folder, 'data') }, log: keptLog(), now })
    await store.start()
    for (const row of minutes(50)) store.column(row)
    store.liquidation(liquidation())
    await store.flush()
  })
  afterAll(() => store.stop())

  test.for([
    'SELECT count() FROM columns',
    "select sum(usd) from heatmap where layer = 'bid';",
    'WITH big AS (SELECT * FROM liquidations FINAL WHERE usd > 10) SELECT side, sumIf(usd, usd > 1) FROM big GROUP BY side',
    'SELECT asset, count(*), quantileTDigestIf(0.5)(close, close > 0), argMax(close, time) FROM candles GROUP BY asset',
    'SELECT time, close - lagInFrame(close) OVER (ORDER BY time) AS change FROM candles ORDER BY time LIMIT 3',
    'SELECT number, arrayMap(x -> x + 1, [number]) FROM numbers(3) UNION ALL SELECT 1, [1]',
    'SELECT CASE WHEN usd > 1 THEN SUBSTR(side, 1, 2) ELSE formatReadableQuantity(usd) END FROM default.liquidations',
    'SELECT c.close FROM candles AS c JOIN totals AS t ON c.time = t.time AND c.timeframe = t.timeframe LIMIT 1',
    "SELECT 1 WHERE 'it''s; DROP TABLE columns -- ' != '' /* a comment; */ -- and another",
    'SELECT 1 WHERE 1 NOT IN (SELECT toUInt8(2)) AND EXISTS (SELECT 1)',
  ])('%s', async (sql) => {
    expect(await ask(sql)).not.toBe('')
  })

  test('answers come in every format', async () => {
    expect(JSON.parse(await ask('SELECT 1 AS n', 'json'))).toMatchObject({ rows: 1, data: [{ n: 1 }] })
    expect(await ask('SELECT 1 AS n', 'csv')).toBe('"n"\n1\n')
    expect(await ask('SELECT 1 AS n', 'jsonl')).toBe('{"n":1}\n')
    expect(await ask('SELECT 1 AS n', 'table')).toContain('│ 1 │')
  })

  const url = "'http://127.0.0.1:9/x'"
  test.for([
    // More than one statement, or another one.
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE columns',
    "SELECT 1 /* ; */; DROP TABLE columns -- '",
    'SELECT 1 PARALLEL WITH DROP TABLE columns',
    'DROP TABLE columns',
    'TRUNCATE TABLE columns',
    "INSERT INTO liquidations (asset) VALUES ('x')",
    'INSERT INTO liquidations SELECT * FROM liquidations',
    'ALTER TABLE columns DELETE WHERE 1',
    'CREATE TABLE mine (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (a Int8)',
    'CREATE FUNCTION mine AS x -> x',
    'KILL QUERY WHERE 1',
    'SYSTEM SHUTDOWN',
    'SET readonly = 0',
    'SET ROLE ALL',
    'USE system',
    'SHOW TABLES FROM system',
    'DESCRIBE TABLE system.users',
    'EXPLAIN SELECT 1',
    'EXPLAIN AST SELECT 1; DROP TABLE columns',
    "BACKUP TABLE columns TO File('x')",
    'ATTACH TABLE checkpoints',
    'OPTIMIZE TABLE columns FINAL',
    'EXECUTE AS default SELECT 1',
    'GRANT ALL ON *.* TO default',
    'EXCHANGE TABLES columns AND liquidations',
    '',
    ';',
    '\u0000SELECT 1',
    'SELECT',
    // Settings, output files, formats.
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SELECT * FROM (SELECT 1 SETTINGS readonly = 0)',
    `SELECT 1 INTO OUTFILE '${join(folder, 'written')}'`,
    'SELECT 1 FORMAT TSV',
    // Files and addresses.
    `SELECT file('${secretFile}')`,
    `SELECT FILE('${secretFile}')`,
    `SELECT \`file\`('${secretFile}')`,
    `SELECT arrayMap(x -> file(x), ['${secretFile}'])`,
    `SELECT arrayMap(file, ['${secretFile}'])`,
    `SELECT arrayMap(FILE, ['${secretFile}'])`,
    `SELECT arrayMap(\`file\`, ['${secretFile}'])`,
    `WITH file AS lower SELECT lower('${secretFile}')`,
    `WITH (x -> file(x)) AS lower SELECT lower('${secretFile}')`,
    `SELECT lower('${secretFile}') AS a, file AS lower`,
    `SELECT arrayReduce(file, ['${secretFile}'])`,
    `SELECT arrayFold(file, ['${secretFile}'], '')`,
    `SELECT * APPLY(file) FROM (SELECT '${secretFile}')`,
    `SELECT * APPLY(x -> file(x)) FROM (SELECT '${secretFile}')`,
    `SELECT COLUMNS('a') APPLY file FROM (SELECT '${secretFile}' AS a)`,
    `WITH x -> file(x) AS f SELECT f('${secretFile}')`,
    `WITH file('${secretFile}') AS f SELECT f`,
    `SELECT 1 WHERE 'a' IN file('${secretFile}', 'LineAsString')`,
    `SELECT * FROM file('${secretFile}', 'LineAsString')`,
    `SELECT * FROM \`file\`('${secretFile}', 'LineAsString')`,
    `SELECT * FROM (SELECT * FROM file('${secretFile}', 'LineAsString'))`,
    `SELECT (SELECT * FROM file('${secretFile}', 'LineAsString') LIMIT 1)`,
    `SELECT * FROM candles JOIN file('${secretFile}', 'LineAsString') AS f ON 1`,
    `SELECT 1 UNION ALL SELECT * FROM file('${secretFile}')`,
    `SELECT 1 FROM candles ORDER BY (SELECT * FROM file('${secretFile}', 'LineAsString'))`,
    `SELECT * FROM numbers(file('${secretFile}'))`,
    `SELECT * FROM \`${secretFile}\``,
    `SELECT * FROM '${secretFile}'`,
    `SELECT * FROM filesystem('/etc')`,
    `SELECT * FROM fileCluster('a', '${secretFile}')`,
    `SELECT * FROM sqlite('${secretFile}', 't')`,
    `SELECT * FROM url(${url}, 'LineAsString')`,
    `SELECT * FROM urlCluster('a', ${url}, 'LineAsString')`,
    `SELECT * FROM s3(${url}, 'CSV')`,
    "SELECT * FROM s3('http://bucket.s3.amazonaws.com/x.csv', NOSIGN, 'CSV')",
    `SELECT * FROM hdfs('hdfs://127.0.0.1:9/x', 'CSV')`,
    `SELECT * FROM azureBlobStorage(${url}, 'a', 'b')`,
    `SELECT * FROM iceberg(${url})`,
    `SELECT * FROM deltaLake(${url})`,
    "SELECT * FROM remote('127.0.0.1:9', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:9', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM clusterAllReplicas('default', 'system.one')",
    "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:9', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM redis('127.0.0.1:9', 'a', 'a String')",
    "SELECT * FROM odbc('DSN=x', 'a', 'b')",
    "SELECT * FROM jdbc('x', 'a', 'b')",
    "SELECT * FROM executable('cat /etc/passwd', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT aiGenerate('hello')",
    // Other tables, settings, the machine.
    'SELECT * FROM system.tables',
    'SELECT * FROM SYSTEM.tables',
    'SELECT * FROM `system`.`tables`',
    'SELECT * FROM "system"."tables"',
    'SELECT * FROM `system.tables`',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM INFORMATION_SCHEMA.TABLES',
    'SELECT 1 WHERE 1 IN system.one',
    'SELECT 1 WHERE 1 IN (SELECT * FROM system.one)',
    'SELECT (SELECT count() FROM system.processes)',
    "SELECT * FROM merge('system', '.*')",
    "SELECT * FROM merge('.*')",
    "SELECT * FROM merge(REGEXP('.*'), '.*')",
    'SELECT * FROM loop(system.one)',
    'SELECT * FROM view(SELECT * FROM system.one)',
    "SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('x Int8'))",
    "SELECT * FROM mergeTreeIndex('default', 'checkpoints')",
    "SELECT * FROM dictionary('d')",
    "SELECT * FROM input('a String')",
    "SELECT * FROM generateRandom('a String')",
    'SELECT * FROM checkpoints',
    'SELECT * FROM default.checkpoints',
    'SELECT 1 WHERE 1 IN checkpoints',
    'SELECT * FROM default.migrations',
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('default.t', 'a', 1)",
    "SELECT hasColumnInTable('system', 'users', 'name')",
    "SELECT getSetting('max_threads')",
    "SELECT getServerSetting('max_connections')",
    "SELECT getMacro('shard')",
    'SELECT hostName()',
    'SELECT FQDN()',
    'SELECT currentUser(), version(), uptime()',
    'SELECT filesystemAvailable()',
    'SELECT sleep(3)',
    'SELECT sleepEachRow(1) FROM numbers(100)',
    'SELECT throwIf(1)',
    "SELECT logTrace('x')",
    'SELECT addressToLine(1)',
    "SELECT catboostEvaluate('/x', 1)",
    "SELECT formatRow('Protobuf', 1)",
    'SELECT noSuchFunction(1)',
    'SELECT {name:String}',
  ])('refused: %s', async (sql) => {
    const failure = await store.ask(sql, 'tsv').then(
      (answer) => Buffer.from(answer).toString(),
      (error) => error,
    )
    expect(failure).toMatchObject({ code: 'LMAP_REQUEST_INVALID' })
    expect(failure.message).not.toContain('the secret')
    expect(existsSync(join(folder, 'written'))).toBe(false)
  })

  const many = limits.sqlCharsMax / 4
  test.for([
    `SELECT ${'('.repeat(many)}1${')'.repeat(many)}`,
    `SELECT ${'['.repeat(many)}`,
    `SELECT ${'-'.repeat(many)}1`,
    `SELECT ${'NOT '.repeat(many / 2)}1`,
    `SELECT ${'1 AND '.repeat(many / 2)}1`,
    `SELECT ${'(SELECT '.repeat(many / 4)}1${')'.repeat(many / 4)}`,
    `SELECT ${'CASE WHEN '.repeat(many / 4)}1`,
    `SELECT '${'\\'.repeat(many)}`,
    `/*${'/*'.repeat(many)}`,
    `WITH ${Array.from({ length: 30 }, (_, n) => `a${n + 1} AS (SELECT * FROM a${n} UNION ALL SELECT * FROM a${n})`).join(', ')}, a0 AS (SELECT 1) SELECT count() FROM a30`,
    `SELECT ${Array.from({ length: 30 }, (_, n) => `(x${n}, x${n}) AS x${n + 1}`).join(', ')}, 1 AS x0`,
  ])('a question made to take long does not: %#', async (sql) => {
    const beganMs = performance.now()
    await store.ask(sql, 'tsv').catch((error) => expect(error.code).toMatch(/^LMAP_REQUEST/))
    expect(performance.now() - beganMs).toBeLessThan(limits.sqlMsMax + 2_000)
    expect(await ask('SELECT 1')).toBe('1\n1\n')
  })

  test('a question that is too long is refused before it is read', async () => {
    await expect(store.ask(`SELECT '${'x'.repeat(limits.sqlCharsMax)}'`, 'tsv')).rejects.toMatchObject({
      code: 'LMAP_REQUEST_TOO_LARGE',
    })
  })

  test('rows, bytes, memory and time are bounded, and the next question is answered', async () => {
    await expect(ask(`SELECT * FROM numbers(${limits.sqlRowsMax + 1})`)).rejects.toThrow(/Limit for result exceeded/)
    await expect(ask("SELECT repeat('x', 1000000) FROM numbers(20)")).rejects.toThrow(/at most/)
    await expect(ask("SELECT repeat('x', 900000 + number) FROM numbers(20)")).rejects.toThrow(/exceeded/)
    await expect(ask('SELECT length(groupArray(number)) FROM numbers(100000000)')).rejects.toThrow(/memory limit/i)
    const beganMs = performance.now()
    await expect(ask('SELECT count() FROM numbers(100000000000000)')).rejects.toThrow(/Timeout exceeded/)
    expect(performance.now() - beganMs).toBeLessThan(limits.sqlMsMax + 2_000)
    expect(await ask('SELECT count() FROM candles')).toContain('50')
  }, 30_000)

  test('questions wait for each other, but not many of them', async () => {
    const answers = await Promise.allSettled(Array.from({ length: limits.sqlWaitingMax + 1 }, () => ask('SELECT 1')))
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: limits.sqlWaitingMax }, () => 'fulfilled'),
      'rejected',
    ])
    expect(answers.at(-1)).toMatchObject({ reason: { code: 'LMAP_LIMIT' } })
  })

  test('the store goes on writing, and nothing was changed by all of this', async () => {
    store.column(column({ timeframe: 3 }))
    await store.flush()
    expect(await ask('SELECT count() FROM columns')).toContain('51')
    expect(await ask('SELECT count() FROM liquidations')).toContain('1')
  })
})
