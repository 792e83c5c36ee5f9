// Guards what is told of each venue's minute: sums of trades by taker, the newest mark and open interest, one row for
// each minute however the batches lie, none twice, and nothing lost at the end.
import { expect, test } from 'vitest'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import type { VenueMinuteRow } from '../../src/model/stages.ts'
import { VenueMinutes } from '../../src/store/venue-minutes.ts'
import { asset } from './rows.ts'

const minuteMs = Date.UTC(2026, 0, 5, 10, 0)

function collected() {
  const rows: VenueMinuteRow[] = []
  const minutes = new VenueMinutes({ row: (row) => void rows.push(row), state: (_, venue) => venue })
  const writer = new BatchWriter()
  let sequence = 0
  const batch = (
    venue: number,
    timeMs: number,
    records: [kind: number, flags: number, tick: number, value: number][],
    receiveMs = timeMs,
  ) => {
    writer.begin(venue, 3, ++sequence, receiveMs, timeMs, 0.5)
    for (const [kind, flags, tick, value] of records) writer.add(kind, flags, tick, value)
    // Where the log has it: any growing number.
    minutes.add(asset(3), 100 + sequence, writer.take())
  }
  return { rows, minutes, batch }
}

test('a minute is told once, when the next one begins', () => {
  const { rows, minutes, batch } = collected()
  batch(1, minuteMs, [
    [EventKind.markPrice, 0, 0, 100.25],
    [EventKind.bookLevel, 0, 200, 5],
    [EventKind.trade, 0, 200, 3],
    [EventKind.trade, 1, 202, 2],
  ])
  batch(1, minuteMs + 59_999, [
    [EventKind.trade, 0, 210, 1],
    [EventKind.openInterest, 0, 0, 1000],
    [EventKind.openInterest, 0, 210, 1200],
  ])
  batch(2, minuteMs + 60_000, [[EventKind.heartbeat, 0, 0, 0]])
  expect(rows).toEqual([])
  batch(1, minuteMs + 60_000, [[EventKind.openInterest, 0, 0, 7]])
  // Late for a minute that has been told: it must not be told again with less.
  batch(1, minuteMs + 59_000, [[EventKind.trade, 0, 210, 1]])
  const first = { asset: 3, venue: 1, minuteMs, state: 1, batches: 2, mark: 100.25 }
  expect(rows).toEqual([
    { ...first, openInterest: 1200, openInterestUsd: 126_000, buyUsd: 405, sellUsd: 202, trades: 3 },
  ])
  minutes.finish()
  minutes.finish()
  expect(rows.slice(1).map(({ venue, minuteMs: at, batches }) => [venue, at - minuteMs, batches])).toEqual([
    [1, 60_000, 1],
    [2, 60_000, 1],
  ])
})

test('a venue whose clock is wrong is counted by ours', () => {
  const { rows, minutes, batch } = collected()
  batch(0, minuteMs - 3_600_000, [[EventKind.heartbeat, 0, 0, 0]], minuteMs)
  minutes.finish()
  expect(rows.map((row) => row.minuteMs)).toEqual([minuteMs])
})

test('whoever takes over counts what is open from its start, and the fuller row stays', () => {
  const { rows, minutes, batch } = collected()
  expect(minutes.offsetOf(asset(3))).toBeUndefined()
  batch(1, minuteMs, [[EventKind.heartbeat, 0, 0, 0]])
  batch(2, minuteMs + 30_000, [[EventKind.heartbeat, 0, 0, 0]])
  expect(minutes.offsetOf(asset(3))).toBe(101)
  batch(1, minuteMs + 60_000, [[EventKind.heartbeat, 0, 0, 0]])
  // The first minute of venue 1 has been told: the second is the one that began last.
  expect(minutes.offsetOf(asset(3))).toBe(102)
  expect(minutes.offsetOf(asset(4))).toBeUndefined()
  minutes.leave(asset(3))
  expect(minutes.offsetOf(asset(3))).toBeUndefined()
  expect(rows.map(({ venue, batches }) => [venue, batches])).toEqual([
    [1, 1],
    [1, 1],
    [2, 1],
  ])
})

test('a state that is kept before anything was read says from where the one before had to be counted', () => {
  const { minutes, batch } = collected()
  minutes.begin(asset(3), 57)
  expect(minutes.offsetOf(asset(3))).toBe(57)
  batch(1, minuteMs, [[EventKind.heartbeat, 0, 0, 0]])
  expect(minutes.offsetOf(asset(3))).toBe(101)
  minutes.leave(asset(3))
  expect(minutes.offsetOf(asset(3))).toBeUndefined()
})

test('what lies before the place of a hand-over is not counted again', () => {
  const { rows, minutes, batch } = collected()
  minutes.begin(asset(3), 102)
  batch(1, minuteMs, [[EventKind.heartbeat, 0, 0, 0]])
  expect(minutes.offsetOf(asset(3))).toBe(102)
  batch(1, minuteMs, [[EventKind.heartbeat, 0, 0, 0]])
  minutes.finish()
  expect(rows.map(({ venue, batches }) => [venue, batches])).toEqual([[1, 1]])
})
