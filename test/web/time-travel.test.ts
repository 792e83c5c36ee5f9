// Guards the page's way through time without a browser: whatever steps are taken, the map is what one whole request for
// that moment would have given; steps ask for little; a newer wish ends an older one; and what history does not have
// yet comes from the live map, without a seam.
import { expect, test } from 'vitest'
import { MapState } from '../../src/client/map-state.ts'
import { LmapError } from '../../src/model/errors.ts'
import { COLUMNS } from '../../src/model/timeframes.ts'
import { TimeShelf } from '../../src/web/time-shelf.ts'
import { TimeTravel } from '../../src/web/time-travel.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'
import { prng } from './market.ts'

const MINUTE_MS = 60_000
const seed = Number(process.env.LMAP_SEED ?? 20_261_122)

/** A history with holes; the open column of a moment is that of its minute. */
class History {
  readonly asked: { atMs: number; columns: number }[] = []
  readonly #closed: Column[]
  readonly #ms: number

  constructor(ms: number, slots: number, isThere: (slot: number) => boolean) {
    this.#ms = ms
    this.#closed = Array.from({ length: slots }, (_, slot) => slot)
      .filter(isThere)
      .map((slot) => ({ ...emptyColumn(), openMs: slot * ms, close: slot }))
  }

  get columns(): readonly Column[] {
    return this.#closed
  }

  at(atMs: number, columns: number): MapState {
    const map = new MapState()
    const known = this.#closed.filter(({ openMs }) => openMs + this.#ms <= atMs)
    const openMs = Math.floor(atMs / this.#ms) * this.#ms
    const hasOpen = this.#ms > MINUTE_MS && atMs - openMs >= MINUTE_MS
    if (hasOpen) map.live = { ...emptyColumn(), openMs, close: atMs }
    const most = Math.min(COLUMNS - 1, hasOpen ? columns - 1 : columns)
    map.columns = most === 0 ? [] : known.slice(-most)
    map.modelState = Math.floor(atMs / 3_600_000) % 4
    map.clockMs = hasOpen ? Math.floor(atMs / MINUTE_MS) * MINUTE_MS : (known.at(-1)?.openMs ?? -this.#ms) + this.#ms
    return map
  }

  readonly load = async (atMs: number, columns: number): Promise<MapState> => {
    this.asked.push({ atMs, columns })
    return this.at(atMs, columns)
  }
}

const facts = (map: MapState) => ({
  closed: map.columns.map(({ openMs }) => openMs),
  live: map.live?.close,
  model: map.modelState,
  clockMs: map.clockMs,
})
const signal = new AbortController().signal

test.each([
  ['minutes', MINUTE_MS],
  ['quarters of an hour', 15 * MINUTE_MS],
])(`any walk through %s shows what whole requests would (seed ${seed})`, async (_, ms) => {
  const random = prng(seed)
  const history = new History(ms, 3000, (slot) => slot % 97 < 90)
  const shelf = new TimeShelf(ms, history.load)
  let atMs = 1500 * ms
  for (let step = 0; step < 200; step++) {
    const far = random()
    const reach = far < 0.6 ? ms : far < 0.9 ? 40 * ms : 900 * ms
    const most = 3100 * ms
    atMs = Math.max(0, Math.min(most, Math.round(atMs + (random() - 0.45) * 2 * reach)))
    const map = await shelf.at(atMs, signal)
    expect(facts(map), `step ${step} to ${atMs}`).toEqual(facts(history.at(atMs, COLUMNS)))
    expect(shelf.length).toBeLessThanOrEqual(4 * COLUMNS)
  }
})

test('steps ask for what is new', async () => {
  const history = new History(MINUTE_MS, 2000, () => true)
  const shelf = new TimeShelf(MINUTE_MS, history.load)
  for (const minute of [1000, 1001, 1002, 1012, 1005, 1004]) await shelf.at(minute * MINUTE_MS, signal)
  expect(history.asked.map(({ columns }) => columns)).toEqual([COLUMNS, 3, 3, 12, 2, 2])
})

test('what history has not got yet is asked for again, and taken from the live map meanwhile', async () => {
  const history = new History(MINUTE_MS, 10, () => true)
  const live = [8, 9, 10, 11, 12].map((slot) => ({ ...emptyColumn(), openMs: slot * MINUTE_MS, close: slot }))
  const travel = new TimeTravel({
    read: (_asset, _timeframe, atMs, columns) => history.load(atMs, columns),
    recent: () => live,
    onChange: () => undefined,
  })
  travel.go({ asset: 'BTC', timeframe: '1m', atMs: 12 * MINUTE_MS })
  await expect.poll(() => travel.map?.columns.at(-1)?.openMs).toBe(11 * MINUTE_MS)
  expect(travel.map!.columns.map(({ close }) => close)).toEqual(Array.from({ length: 12 }, (_, i) => i))
  expect(travel.map!.clockMs).toBe(12 * MINUTE_MS)
})

test('a newer wish ends an older one, and a map never stands under another name', async () => {
  const waiting: {
    atMs: number
    signal: AbortSignal
    answer: (map: MapState) => void
    fail: (error: Error) => void
  }[] = []
  const travel = new TimeTravel({
    read: (_asset, _timeframe, atMs, _columns, signal) =>
      new Promise((answer, fail) => waiting.push({ atMs, signal, answer, fail })),
    recent: () => [],
    onChange: () => undefined,
  })
  const history = new History(MINUTE_MS, 2000, () => true)
  travel.go({ asset: 'BTC', timeframe: '1m', atMs: 400 * MINUTE_MS })
  travel.go({ asset: 'BTC', timeframe: '1m', atMs: 401 * MINUTE_MS })
  expect(waiting.map(({ signal }) => signal.aborted)).toEqual([true, false])
  waiting[1]!.answer(history.at(401 * MINUTE_MS, COLUMNS))
  waiting[0]!.answer(history.at(400 * MINUTE_MS, COLUMNS))
  await expect.poll(() => travel.shownMs).toBe(401 * MINUTE_MS)
  expect(travel.isReading).toBe(false)
  travel.go({ asset: 'ETH', timeframe: '1m', atMs: 401 * MINUTE_MS })
  expect(travel.map).toBeUndefined()
  waiting[2]!.fail(new Error('no such luck'))
  await expect.poll(() => travel.fault).toMatch(/no such luck/)
  travel.retry()
  expect([travel.fault, waiting.length]).toEqual([undefined, 4])
  travel.go(undefined)
  expect([travel.wanted, travel.map, travel.isReading, waiting[3]!.signal.aborted]).toEqual([
    undefined,
    undefined,
    false,
    true,
  ])
})

test('a moment that was prepared is there at once', async () => {
  const history = new History(MINUTE_MS, 2000, () => true)
  const travel = new TimeTravel({
    read: (_asset, _timeframe, atMs, columns) => history.load(atMs, columns),
    recent: () => [],
    onChange: () => undefined,
  })
  const moment = { asset: 'BTC', timeframe: '1m', atMs: 500 * MINUTE_MS }
  travel.go(moment)
  await expect.poll(() => travel.isReading).toBe(false)
  travel.prepare(501 * MINUTE_MS)
  travel.prepare(501 * MINUTE_MS)
  expect(history.asked.length).toBe(2)
  travel.go({ ...moment, atMs: 501 * MINUTE_MS })
  await expect.poll(() => travel.shownMs).toBe(501 * MINUTE_MS)
  expect(history.asked.length).toBe(2)
  expect(facts(travel.map!)).toEqual(facts(history.at(501 * MINUTE_MS, COLUMNS)))
})

test('what a busy server refuses is asked for again, and given up with the wish', async () => {
  const history = new History(MINUTE_MS, 2000, () => true)
  let refusals = 2
  let asked = 0
  const travel = new TimeTravel({
    read: async (_asset, _timeframe, atMs, columns) => {
      asked++
      if (refusals-- > 0) throw new LmapError('LMAP_LIMIT', 'eight maps are being read.')
      return history.at(atMs, columns)
    },
    recent: () => [],
    onChange: () => undefined,
  })
  const moment = { asset: 'BTC', timeframe: '1m', atMs: 500 * MINUTE_MS }
  travel.go(moment)
  await expect.poll(() => travel.shownMs, { timeout: 5000 }).toBe(moment.atMs)
  expect([asked, travel.fault]).toEqual([3, undefined])
  refusals = Number.POSITIVE_INFINITY
  travel.go({ ...moment, atMs: 900 * MINUTE_MS })
  await expect.poll(() => asked).toBe(4)
  travel.go(undefined)
  expect([travel.isReading, travel.fault]).toEqual([false, undefined])
})
