// Guards time travel: what had closed at a time is what was closed then, to the bit, however much came later; the column
// that was open is, at the end of any minute, what the core itself made of it; and the model is the one of then.
import { beforeAll, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchCursor } from '../../src/model/batch-cursor.ts'
import { BUCKETS, LAYERS, Layer, layers, usdOfCode } from '../../src/model/layers.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import { timeframes } from '../../src/model/timeframes.ts'
import { type VenueState, venueStates, venues } from '../../src/model/venues.ts'
import { openColumnOf, piecesOf } from '../../src/store/open-column.ts'
import { createStore } from '../../src/store/store.ts'
import { CoreUnderTest } from '../assembly/core.ts'
import { bytesOf } from '../integration/wiring.ts'
import { asset, minutes, now, startMs } from './rows.ts'
import { engineSuite, keptLog, seed, temporaryFolder } from './samples.ts'

const HOUR_MS = 3_600_000
const eth = assetByName('ETH')!

test('the pieces of an open column fill it up to the last full minute, each time once', () => {
  const dayMs = Date.UTC(2026, 0, 5)
  const atMs = dayMs + 13 * HOUR_MS + 37 * 60_000 + 12_345
  for (let timeframe = 0; timeframe < timeframes.length; timeframe++) {
    const { ms } = timeframes[timeframe]!
    const pieces = piecesOf(timeframe, atMs)
    let endMs = Math.floor(atMs / ms) * ms
    for (const piece of pieces) {
      expect(piece.openMs).toBe(endMs)
      endMs += timeframes[piece.timeframe]!.ms
    }
    expect(endMs).toBe(timeframe === 0 ? Math.floor(atMs / 60_000) * 60_000 : dayMs + 13 * HOUR_MS + 37 * 60_000)
  }
  expect(piecesOf(5, atMs)).toHaveLength(3 + 1 + 2 + 1 + 2)
  expect(piecesOf(3, dayMs)).toEqual([])
})

engineSuite('as of', () => {
  const columns: ClosedColumn[] = []

  beforeAll(async () => {
    const spec = {
      kind: 'simulator' as const,
      options: {
        seed,
        startMs: Date.UTC(2026, 0, 5, 9, 58),
        durationMs: 9 * 60_000,
        levelsPerSecond: 400,
        speed: 'max' as const,
        assets: ['ETH'],
      },
    }
    const core = new CoreUnderTest('release', eth)
    const cursor = new BatchCursor()
    cursor.open(await bytesOf(spec))
    while (cursor.next()) core.apply(cursor.batch)
    columns.push(...core.columns)
  }, 60_000)

  test(`minutes make the column that the core made of the same time (seed ${seed})`, () => {
    const known = columns.find(({ timeframe, openMs }) => timeframe === 1 && openMs === Date.UTC(2026, 0, 5, 10, 0))!
    const made = openColumnOf(
      columns.filter(
        ({ timeframe, openMs }) => timeframe === 0 && openMs >= known.openMs && openMs < known.openMs + 300_000,
      ),
      1,
    )!
    expect(made).toMatchObject({
      openMs: known.openMs,
      open: known.open,
      high: known.high,
      low: known.low,
      close: known.close,
      baseBucket: known.baseBucket,
      step: known.step,
      observedMs: known.observedMs,
    })
    expect(made.volumeUsd / known.volumeUsd).toBeCloseTo(1, 9)
    for (const [layer, { name }] of layers.entries()) {
      const [a, b] = [known, made].map(({ cells }) => cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS))
      const total = (cells: Uint8Array) => cells.reduce((sum, code) => sum + usdOfCode(code, known.quantumUsd), 0)
      const isTaken = layer >= Layer.longLevel || layer === Layer.bidLast || layer === Layer.askLast
      // Averages and sums of rounded codes are rounded once more; at the edges, where the last minute's window does not
      // reach, what was predicted is some minutes old.
      const edge = BUCKETS / 16
      const away = a!.reduce((most, code, bucket) => {
        const isEdge = bucket < edge || bucket >= BUCKETS - edge
        return Math.max(most, code > 8 && !isEdge ? Math.abs(code - b![bucket]!) : 0)
      }, 0)
      expect(away, name).toBeLessThanOrEqual(isTaken ? 0 : 1)
      expect(total(b!) / Math.max(1, total(a!)), name).toBeGreaterThan(total(a!) < 1 ? -1 : 0.9)
    }
  })

  test('what had closed then is what was known then, and later columns change nothing of it', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    const known = minutes(40)
    for (const row of known.slice(0, 20)) store.column(row)
    await store.flush()
    const atMs = startMs + 15 * 60_000 + 30_000
    const before = await store.at(asset(0), 0, atMs, 360)
    expect(before).toEqual({
      closed: known.slice(0, 15),
      open: undefined,
      asOfMs: startMs + 15 * 60_000,
      model: undefined,
      venues: venues.map(() => ({ state: 0, openInterestUsd: 0 })),
    })
    for (const row of known.slice(20)) store.column(row)
    await store.flush()
    expect(await store.at(asset(0), 0, atMs, 360)).toEqual(before)
    expect((await store.at(asset(0), 0, atMs, 4)).closed).toEqual(known.slice(11, 15))
    // At the very end of a column it has closed.
    expect((await store.at(asset(0), 0, startMs + 60_000, 360)).closed).toEqual(known.slice(0, 1))
    expect((await store.at(asset(0), 0, startMs + 59_999, 360)).closed).toEqual([])
    expect(await store.at(asset(0), 0, 0, 360)).toEqual({ closed: [], open: undefined, asOfMs: 0, model: undefined })
    // Live and history meet: now is then what the stream of closed columns says.
    expect((await store.at(asset(0), 0, startMs + 40 * 60_000, 360)).closed).toEqual(
      await store.columns(asset(0), 0, 360),
    )
    await store.stop()
  })

  test('venues are in the state of then: live, silent in that minute, or never heard', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    for (const row of minutes(6)) store.column(row)
    const [LIVE, SUSPECT, DOWN] = ['live', 'suspect', 'down'].map((state) => venueStates.indexOf(state as VenueState))
    const heard = (venue: number, minute: number, state: number, openInterestUsd: number) =>
      store.venueMinute({
        ...{ asset: asset(0), venue, minuteMs: startMs + minute * 60_000, state, batches: 9, mark: 0 },
        ...{ openInterest: 1, openInterestUsd, buyUsd: 0, sellUsd: 0, trades: 0 },
      })
    for (let minute = 0; minute < 6; minute++) {
      heard(0, minute, LIVE!, minute < 2 ? 5e9 : 0)
      if (minute < 3) heard(1, minute, minute === 1 ? SUSPECT! : LIVE!, 1e9 + minute)
      if (minute === 4) heard(3, minute, LIVE!, 2e9)
    }
    await store.flush()
    const statesAt = async (minute: number) => (await store.at(asset(0), 0, startMs + minute * 60_000 + 500, 9)).venues!
    expect((await statesAt(2)).map(({ state }) => state)).toEqual([LIVE, SUSPECT, 0, 0, 0])
    expect((await statesAt(4)).map(({ state }) => state)).toEqual([LIVE, DOWN, 0, 0, 0])
    const last = await statesAt(5)
    expect(last.map(({ state }) => state)).toEqual([LIVE, DOWN, 0, LIVE, 0])
    expect(last.map(({ openInterestUsd }) => openInterestUsd)).toEqual([5e9, 1e9 + 2, 0, 2e9, 0])
    // An open column of a longer timeframe knows them as of its newest minute.
    expect((await store.at(asset(0), 1, startMs + 2 * 60_000, 9)).venues?.[1]).toEqual({
      state: SUSPECT,
      openInterestUsd: 1e9 + 1,
    })
    await store.stop()
  })

  test('tells how far its history goes, by stream', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    expect(await store.extent(asset(0), 0)).toEqual({ firstMs: 0, endMs: 0 })
    for (const row of minutes(7)) store.column(row)
    await store.flush()
    expect(await store.extent(asset(0), 0)).toEqual({ firstMs: startMs, endMs: startMs + 7 * 60_000 })
    expect(await store.extent(asset(0), 1)).toEqual({ firstMs: 0, endMs: 0 })
    expect(await store.extent(asset(1), 0)).toEqual({ firstMs: 0, endMs: 0 })
    await store.stop()
  })

  test('an open hour is made of what had closed of it, at every minute', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    const parts = minutes(9)
    for (const row of parts) store.column(row)
    const five = {
      ...parts[0]!,
      timeframe: 1,
      observedMs: 300_000,
      volumeUsd: 7,
      cells: new Uint8Array(LAYERS * BUCKETS),
    }
    store.column(five)
    await store.flush()
    const past = await store.at(asset(0), 3, startMs + 7 * 60_000 + 1, 360)
    expect(past.closed).toEqual([])
    expect(past.asOfMs).toBe(startMs + 7 * 60_000)
    expect(past.open).toEqual(openColumnOf([five, parts[5]!, parts[6]!], 3))
    expect(past.open).toMatchObject({ timeframe: 3, openMs: startMs, observedMs: 420_000 })
    await store.stop()
  })

  test('the model is the one of then', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    const score = (hourMs: number, model: number, state: number) =>
      store.score({
        asset: asset(0),
        hourMs,
        model,
        state,
        bits: [1, 2],
        mean: 0.5,
        error: Infinity,
        hours: model,
        predicted: [1, 1],
        realised: [1, 1],
      })
    score(startMs, 10, 1)
    score(startMs + HOUR_MS, 11, 3)
    await store.flush()
    const model = async (atMs: number) => (await store.at(asset(0), 0, atMs, 1)).model
    expect(await model(startMs - 1)).toBeUndefined()
    expect(await model(startMs + 1)).toEqual({ state: 1, id: 10, mean: 0.5, error: Infinity, hours: 10 })
    expect(await model(startMs + HOUR_MS)).toMatchObject({ state: 3, id: 11 })
    await store.stop()
  })
})
