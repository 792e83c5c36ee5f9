// Guards the command as people run it: made-up files in, table, last line and files out; the published numbers from the
// raw files of two months; and one coded line on standard error for whatever is wrong.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type Columns, parseCsv } from '../../src/engine/backtest/columns.ts'
import { readTable } from '../../src/engine/backtest/table-file.ts'
import { seed } from '../reference/prng.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import { chdbMissing } from './chdb.ts'
import { writeMarket } from './market-files.ts'

const HOUR_MS = 3_600_000
const FROM_MS = Date.UTC(2026, 0, 1)
/** Five days of warm-up and fourteen to score. */
const HOURS = 19 * 24
const TIMEOUT_MS = 60_000
const entry = fileURLToPath(new URL('../../src/backtest.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lmap-backtest-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], { maxBuffer: 1 << 24 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

const named = (files: object): string[] => Object.entries(files).flatMap(([name, path]) => [`--${name}`, String(path)])
const summary = ({ out }: Ended) => JSON.parse(out.trim().split('\n').at(-1)!)
const sum = (values: Float64Array, keep: (i: number) => boolean): number =>
  values.reduce((total, value, i) => (keep(i) && value >= 0 ? total + value : total), 0)

describe(`back-test of a made-up market (seed ${seed})`, () => {
  const market = writeMarket(folder, 'made', seed, { hours: HOURS, fromMs: FROM_MS, price: 60_000 })

  test('prints the table, and writes predictions and maps that fit each other', { timeout: TIMEOUT_MS }, async () => {
    const [out, map] = [join(folder, 'predictions.csv'), join(folder, 'map.csv.gz')]
    const ended = await run(...named(market), '--json', '--out', out, '--map', map, '--map-reach', '5')
    expect(ended).toMatchObject({ code: 0, err: '' })
    expect(ended.out).toMatch(/^model +bits\/h/)
    const { hours, fromMs, steps } = summary(ended)
    expect([hours, fromMs, steps]).toEqual([HOURS - 119, FROM_MS + 119 * HOUR_MS, HOURS + 1])
    const predicted = parseCsv(out, readFileSync(out, 'utf8'))
    expect(predicted.rows).toBe(2 * hours)
    expect(Math.min(...predicted.numbers(['predicted_usd'])!)).toBeGreaterThanOrEqual(0)
    expect(predicted.numbers(['realised_usd'])!.every((usd) => usd >= 0)).toBe(true)
    expectMap(parseCsv(map, gunzipSync(readFileSync(map)).toString()), fromMs + HOUR_MS, hours)
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([])
  })

  /** Longs below price and shorts above, in whole buckets of 3 bp, up to the reach; every hour has both. */
  function expectMap(map: Columns, fromMs: number, hours: number): void {
    const times = map.times()
    const prices = map.numbers(['price'])!
    const sides = map.text(['side'])!
    expect([times[0], new Set(times).size]).toEqual([fromMs, hours])
    const width = 20
    for (let hour = 0; hour < hours; hour++) {
      const timeMs = fromMs + hour * HOUR_MS
      const of = (side: string) => [...prices].filter((_, i) => times[i] === timeMs && sides[i] === side)
      if (hour % 50 !== 0) continue
      const [longs, shorts] = [of('long'), of('short')]
      expect(Math.max(...longs)).toBeLessThanOrEqual(Math.min(...shorts))
      expect(Math.max(...shorts) / Math.min(...longs)).toBeCloseTo(1.05 / 0.95, 2)
      for (const price of [...longs, ...shorts]) expect((price / width) % 1).toBe(0.5)
      expect(longs.length + shorts.length).toBeGreaterThan(200)
    }
    expect(sum(map.numbers(['usd'])!, () => true)).toBeGreaterThan(0)
  }

  test('--help says what files hold, and shows how to run it', { timeout: TIMEOUT_MS }, async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const said of ['--bars <file>', '--map-reach <percent>', 'liquidation_long_usd', 'Examples:']) {
      expect(out).toContain(said)
    }
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(121)
  })

  const missing = join(folder, 'missing.csv')
  const early = join(folder, 'early.csv')
  writeFileSync(early, `t,side,usd,liq_price\n${FROM_MS + HOUR_MS},long,5000,50000\n`)
  test.each([
    [['--bars', missing], /^LMAP_FILE_UNREADABLE: .*missing\.csv cannot be read\. Check the path\.\n$/],
    [['--from', 'noon'], /^LMAP_CONFIG: .*'noon' is invalid\. Write a day such as 2025-12-10/],
    [['--to', '2026-01-05'], /^LMAP_FILE_FORMAT: only 0 hours have marks .* 336 are needed/],
    [['--positions', early], /^LMAP_FILE_FORMAT: no snapshot of positions lies in the hours that are scored\./],
    [['--out', 'x.xlsx'], /^LMAP_CONFIG: x\.xlsx does not say what to write\. Let the name end in \.csv/],
    [['--map', market.bars], /^LMAP_CONFIG: .* is read or written already\. Give each file its own name\.\n$/],
    [['--map-reach', '0'], /^LMAP_CONFIG: .* Write a number above 0, up to 60\./],
    [['--maps', 'x.csv'], /^LMAP_CONFIG: unknown option '--maps'/],
  ])('%j is refused with one coded line', { timeout: TIMEOUT_MS }, async (args, line) => {
    const { code, out, err } = await run(...named(market), ...args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(line)
    expect(err.trim().split('\n').length).toBe(1)
  })
})

const raw = {
  bars: 'history/candles_1h_by_venue_202512_202601.parquet',
  oi: 'history/binance_BTCUSDT_oi_5m_20251201_20260131.csv.gz',
  liquidations: 'history/coinglass_btc_1h_20251204_20260131.csv.gz',
  positions: 'history/hl_heatmap_top100_20260126_20260131.parquet',
}
/** Two of them have no liquidations and are not scored. */
const HOURS_WITH_A_MAP = 1_368
const recorded = requirement(
  'two months of BTC from their raw files',
  sharedMissing(...Object.values(raw)) ?? chdbMissing,
)
describe.skipIf(recorded.skip)(recorded.title, () => {
  test('score what is published, within .01 bits; positions stand beside the map', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const files = Object.fromEntries(Object.entries(raw).map(([name, path]) => [name, sharedPath(path)]))
    const [out, map] = [join(folder, 'btc.parquet'), join(folder, 'btc-map.parquet')]
    const ended = await run(...named(files), '--asset', 'BTC', '--json', '--out', out, '--map', map)
    expect(ended).toMatchObject({ code: 0, err: '' })
    const { bits, hours, steps } = summary(ended)
    console.log(JSON.stringify(bits))
    console.log(ended.out.split('\n').find((line) => line.includes(' steps took ')))
    for (const [model, published] of Object.entries({
      climatology: 0.069,
      ladder: 0.038,
      noVolume: 0.217,
      recommended: 0.214,
    })) {
      expect(Math.abs(bits[model] - published), model).toBeLessThan(0.01)
    }
    expect([hours, steps]).toEqual([1_366, 17_855])
    expect(ended.out).toMatch(/Mean of \d+ snapshots within 30 % of price; longs: measured \d+\.\d M USD/)
    const written = await readTable(out)
    // Steps of all hours, summed up from the file, are the USD of the table.
    const ratio =
      sum(written.numbers(['realised_usd'])!, () => true) / sum(written.numbers(['predicted_usd'])!, () => true)
    expect(ratio).toBeCloseTo(summary(ended).realisedOverPredicted.recommended, 3)
    const shown = await readTable(map)
    expect(new Set(shown.times()).size).toBe(HOURS_WITH_A_MAP)
  })
})
