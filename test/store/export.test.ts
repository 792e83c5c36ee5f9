// Guards exports: what a file says is what the table holds, day by day, from the folder itself and from the process that
// has it open; what does not fit is refused before anything is read; and the socket is its owner's alone.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { sliceOf } from '../../src/store/export-slice.ts'
import { askSocket, createSqlSocket } from '../../src/store/sql-socket.ts'
import { createStore } from '../../src/store/store.ts'
import { liquidation, minutes, now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const run = promisify(execFile)
const script = (name: string) => new URL(`../../src/${name}.ts`, import.meta.url).pathname
const good = { table: 'candles', asset: 'btc', timeframe: '1m', from: '0', to: '10', format: 'csv' }

test('a slice that does not fit is refused', () => {
  expect(sliceOf(good)).toEqual({ table: 'candles', asset: 'BTC', timeframe: '1m', fromMs: 0, toMs: 10, format: 'csv' })
  const bad: Record<string, string | undefined>[] = [
    { table: 'checkpoints' },
    { table: 'toString' },
    { asset: "BTC' OR 1" },
    { timeframe: undefined },
    { timeframe: '2m' },
    { table: 'liquidations' },
    { from: '10' },
    { to: '10 OR 1' },
    { format: 'Parquet' },
    { format: 'constructor' },
  ]
  for (const change of bad)
    expect(() => sliceOf({ ...good, ...change }), JSON.stringify(change)).toThrow('does not fit')
})

engineSuite('export', () => {
  test('files by day, from the folder and from the process that has it open', async () => {
    const folder = temporaryFolder()
    const data = join(folder, 'simulator')
    mkdirSync(data)
    const log = keptLog()
    const store = createStore({ client: { path: join(data, 'clickhouse') }, log, now })
    await store.start()
    const rows = minutes(120)
    for (const row of rows) store.column(row)
    store.liquidation(liquidation())
    await store.flush()
    const path = join(data, 'sql.sock')
    const socket = createSqlSocket({
      path,
      log,
      ask: (sql, format) => store.ask(sql, format),
      slice: (slice) => store.slice(slice),
    })
    await socket.start()
    expect(statSync(path).mode & 0o777).toBe(0o600)

    const flags = ['--data', folder, '--from', '2026-01-31', '--to', '2026-02-02', '--asset', 'BTC']
    const exported = (out: string, ...more: string[]) =>
      run(process.execPath, [script('export'), ...flags, '--out', join(folder, out), ...more])
    await exported('open', '--table', 'candles', '--format', 'csv')
    expect(readdirSync(join(folder, 'open')).sort()).toEqual([
      'candles-BTC-1m-2026-01-31.csv',
      'candles-BTC-1m-2026-02-01.csv',
    ])
    const lines = readdirSync(join(folder, 'open'))
      .sort()
      .flatMap((name) =>
        readFileSync(join(folder, 'open', name), 'utf8')
          .trim()
          .split('\n')
          .slice(1),
      )
    expect(lines).toHaveLength(120)
    expect(lines[0]).toContain('2026-01-31 23:00:00.000')

    // The same question in both ways.
    const sql = ['--data', folder, '--format', 'csv', 'SELECT count() AS n FROM candles']
    expect((await run(process.execPath, [script('sql'), ...sql])).stdout).toBe('"n"\n120\n')
    await expect(askSocket(path, 'DROP TABLE columns', 'csv')).rejects.toMatchObject({ code: 'LMAP_REQUEST_INVALID' })

    await socket.stop()
    await store.stop()
    expect(await askSocket(path, 'SELECT 1', 'csv')).toBeUndefined()
    expect((await run(process.execPath, [script('sql'), ...sql])).stdout).toBe('"n"\n120\n')
    await exported('shut', '--table', 'candles', '--format', 'csv')
    for (const name of readdirSync(join(folder, 'open'))) {
      expect(readFileSync(join(folder, 'shut', name), 'utf8')).toBe(readFileSync(join(folder, 'open', name), 'utf8'))
    }
    const { stdout } = await exported('parquet', '--table', 'heatmap')
    expect(stdout).toMatch(/^2 files, /)
    expect(
      readFileSync(join(folder, 'parquet', 'heatmap-BTC-1m-2026-01-31.parquet'))
        .subarray(0, 4)
        .toString(),
    ).toBe('PAR1')
  }, 60_000)

  test('mistakes are one line and a failing exit', async () => {
    const folder = temporaryFolder()
    const wrong: [name: string, flags: string[], expected: RegExp][] = [
      [
        'export',
        ['--table', 'candles', '--from', '2026-01-31', '--to', '2026-02-01', '--data', folder],
        /^LMAP_DATA_FOLDER: [^\n]+\n$/,
      ],
      ['export', ['--table', 'candles', '--from', 'today', '--to', '2026-02-01'], /^LMAP_CONFIG: [^\n]+\n$/],
      ['export', ['--table', 'secrets', '--from', '2026-01-31', '--to', '2026-02-01'], /^LMAP_CONFIG: [^\n]+\n$/],
      ['sql', ['--data', folder, 'SELECT 1'], /^LMAP_DATA_FOLDER: [^\n]+\n$/],
      ['sql', [], /^LMAP_CONFIG: [^\n]+\n$/],
    ]
    for (const [name, flags, expected] of wrong) {
      const failure = await run(process.execPath, [script(name), ...flags]).catch((error) => error)
      expect([failure.code, failure.stderr]).toEqual([1, expect.stringMatching(expected)])
    }
  }, 30_000)
})
