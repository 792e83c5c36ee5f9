// Guards the back-test: outcomes of levels read from candles by hand, firings counted as the live gate would have let them
// through, bases of the same assets, bounds on what is read, and words that claim no more than the intervals.
import { describe, expect, test } from 'vitest'
import { type BacktestOptions, backtestRule } from '../../src/alerts/backtest.ts'
import { changeOf, holdOf, wordsOf } from '../../src/alerts/backtest-sums.ts'
import { changeAfter, type Outcome, outcomeOf, priceAt } from '../../src/alerts/candle-reading.ts'
import type { AlertHistory } from '../../src/model/alert-history.ts'
import { readAlertRule } from '../../src/model/alert-json.ts'
import { limits } from '../../src/model/limits.ts'
import { asset, startMs } from '../store/rows.ts'
import { candlesOf, historyOf, MINUTE, subject } from './samples.ts'

const flat = (count: number, price = 60_000): number[] => Array.from({ length: count }, () => price)
const DAY = 86_400_000

describe('candles', () => {
  const candles = candlesOf(startMs, [100, 101, 102, 104])

  test('tell the price of the last full minute, and none where none is near', () => {
    expect(priceAt(candles, startMs + MINUTE)).toBe(100)
    expect(priceAt(candles, startMs + 2 * MINUTE - 1)).toBe(100)
    expect(priceAt(candles, startMs + 2 * MINUTE)).toBe(101)
    expect(priceAt(candles, startMs + MINUTE - 1)).toBeUndefined()
    expect(priceAt(candles, startMs + 20 * MINUTE)).toBeUndefined()
  })

  test('tell the change over minutes', () => {
    expect(changeAfter(candles, startMs + MINUTE, 3)).toBeCloseTo(0.04)
    expect(changeAfter(candles, startMs, 3)).toBeUndefined()
  })
})

describe('a level below price', () => {
  // Price at 60,000 with minutes of 10 USD; four buckets of 59,900 are 72.
  const before = flat(60)
  const outcome = (after: readonly number[], level = 59_900, support = true): Outcome | undefined =>
    outcomeOf(
      candlesOf(startMs, [...before, ...after, ...flat(90, after.at(-1))]),
      startMs + 60 * MINUTE,
      level,
      support,
    )

  test.each([
    ['that price never came to', [60_000], 'unreached'],
    ['that price touched and left', [59_960, 59_905, 59_925], 'held'],
    ['that price went through', [59_960, 59_905, 59_820], 'broken'],
    ['that was broken in the minute that reached it', [59_960, 59_800], 'broken'],
    ['at which price stayed', [59_960, 59_905], 'neither'],
    ['that price came back to once it had held', [59_905, 59_950, 59_700], 'held'],
  ] as const)('%s: %s', (_, after, expected) => expect(outcome(after)).toBe(expected))

  test('is the mirror of one above it', () => {
    expect(outcome([60_040, 60_095, 60_075], 60_100, false)).toBe('held')
    expect(outcome([60_040, 60_095, 60_180], 60_100, false)).toBe('broken')
  })

  test('is not judged before its time is over, nor without a usual range', () => {
    const short = candlesOf(startMs, [...before, ...flat(70)])
    expect(outcomeOf(short, startMs + 60 * MINUTE, 59_900, true)).toBeUndefined()
    const young = candlesOf(startMs, flat(100))
    expect(outcomeOf(young, startMs + 10 * MINUTE, 59_900, true)).toBeUndefined()
  })
})

describe('sums', () => {
  test('of changes and outcomes', () => {
    expect(changeOf([])).toEqual({ n: 0, median: null, meanSize: null, up: null })
    expect(changeOf([0.01, -0.03, 0.02, 0.01])).toEqual({ n: 4, median: 0.01, meanSize: 0.0175, up: 0.75 })
    expect(holdOf(['held', 'held', 'broken', 'neither', 'unreached'])).toMatchObject({
      n: 4,
      held: 2,
      broken: 1,
      unreached: 1,
      rate: 0.5,
    })
    expect(holdOf([])).toMatchObject({ n: 0, rate: null })
  })

  test('in words say no more than the intervals', () => {
    const of = (held: number, n: number) =>
      holdOf(Array.from({ length: n }, (_, index): Outcome => (index < held ? 'held' : 'broken')))
    expect(wordsOf(0, DAY, of(0, 0), of(0, 0))).toBe('0 firings in 1.0 days.')
    expect(wordsOf(1, DAY, of(1, 1), of(50, 100))).toBe(
      '1 firing in 1.0 days. Price came to 1 of these levels: too few to say what came after.',
    )
    expect(wordsOf(99, 2 * DAY, of(33, 60), of(100, 200))).toMatch(/33 of 60 .* held, 50 % .* may be chance\.$/)
    expect(wordsOf(99, 2 * DAY, of(58, 60), of(100, 200))).toMatch(/a difference of \+3\d to \+5\d points\.$/)
    expect(wordsOf(99, 2 * DAY, of(4, 60), of(100, 200))).toMatch(/a difference of −5\d to −3\d points\.$/)
  })
})

describe('a back-test', () => {
  const end = startMs + 3 * DAY
  const candles = candlesOf(startMs, flat(3 * 1440))
  const rule = readAlertRule({ name: 'n', kind: 'wall', assets: ['BTC'], usdMin: 1e6, cooldownSeconds: 600 })
  const options = (history: AlertHistory, changes: Partial<BacktestOptions> = {}): BacktestOptions => ({
    history,
    now: () => end,
    limits,
    clockMs: () => end,
    ...changes,
  })
  const at = (hours: number) => startMs + hours * 3_600_000
  const moments = [
    subject({ id: '1', atMs: at(30) }),
    // Told again: the same report.
    subject({ id: '1', atMs: at(31) }),
    // Silent.
    subject({ id: '2', atMs: at(30) + 300_000 }),
    subject({ id: '3', atMs: at(31) }),
    subject({ id: '4', atMs: at(50), usd: 9e5 }),
    subject({ id: '5', atMs: at(52), distanceBp: undefined, price: 59_700 }),
  ]

  test('counts what the live rule would have told', async () => {
    const found = await backtestRule(rule, 3, options(historyOf(moments, candles)))
    expect(found.firings).toBe(3)
    expect(found.last.map(({ id }) => id)).toEqual(['5', '3', '1'])
    expect(found.last[0]).toMatchObject({ asset: 'BTC', venues: ['binance'], changes: [0, 0, 0] })
    expect(found.last[0]!.distanceBp).toBeCloseTo(-50)
    expect(found.days.map(({ firings }) => firings)).toEqual([0, 0, 2, 1])
    expect(found.days.map(({ day }) => day)).toEqual(['2026-01-31', '2026-02-01', '2026-02-02', '2026-02-03'])
    expect([found.fromMs, found.toMs, found.cut]).toEqual([startMs, end, null])
    expect(found.after.map(({ minutes, rule: { n }, base }) => [minutes, n, base.n])).toEqual([
      [5, 3, 12],
      [15, 3, 12],
      [60, 3, 12],
    ])
    // Price stood at the level of two of them.
    expect(found.hold.rule).toMatchObject({ n: 2, held: 0, broken: 0, unreached: 1 })
    // The same history gives the same answer.
    expect(await backtestRule(rule, 3, options(historyOf(moments, candles)))).toEqual(found)
  })

  test('asks for a distance by the price of then', async () => {
    const near = { ...rule, distancePercentMax: 0.4 }
    expect((await backtestRule(near, 3, options(historyOf(moments, candles)))).firings).toBe(2)
  })

  test('says where it could not look', async () => {
    const late = candlesOf(at(40), flat(600))
    const found = await backtestRule(rule, 3, options(historyOf(moments, late)))
    expect(found.fromMs).toBe(at(40))
    expect(found.cut).toMatch(/History begins/)
    const few = { ...limits, alertBacktestRowsMax: 2 }
    const cut = await backtestRule(rule, 3, options(historyOf(moments, candles), { limits: few }))
    expect([cut.firings, cut.fromMs]).toEqual([2, at(31)])
    expect(cut.cut).toMatch(/more than 2/)
    const every = await backtestRule({ ...rule, assets: undefined }, 30, options(historyOf(moments, candles)))
    expect(every.cut).toMatch(/65 assets/)
  })

  test('of nothing is nothing', async () => {
    const empty = { openMs: [], high: [], low: [], close: [] }
    const found = await backtestRule(rule, 3, options(historyOf([], empty)))
    expect(found).toMatchObject({ firings: 0, last: [], words: '0 firings in 0.0 hours.' })
  })

  test('ends when its time is up', async () => {
    let nowMs = end
    const slow = options(historyOf(moments, candles), { now: () => (nowMs += limits.alertBacktestMsMax) })
    await expect(backtestRule(rule, 3, slow)).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
  })

  test('of clusters looks at columns page by page, within its bound', async () => {
    const asked: number[] = []
    const history: AlertHistory = {
      ...historyOf([], candles),
      columns: async (_asset, _timeframe, atMs, most) => {
        asked.push(most)
        const from = atMs - most * 300_000
        return Array.from({ length: most }, (_, index) => ({
          asset: asset(0),
          timeframe: 1,
          openMs: from + index * 300_000,
          open: 0,
          high: 0,
          low: 0,
          close: 0,
          volumeUsd: 0,
          observedMs: 0,
          baseBucket: 0,
          step: 1,
          quantumUsd: 1,
          cells: new Uint8Array(0),
        }))
      },
    }
    const clusters = readAlertRule({ name: 'n', kind: 'cluster', assets: ['BTC'] })
    const found = await backtestRule(
      clusters,
      3,
      options(history, { limits: { ...limits, alertBacktestColumnsMax: 300 } }),
    )
    expect(asked).toEqual([144, 144, 12])
    expect(found.cut).toMatch(/300 columns/)
  })
})
