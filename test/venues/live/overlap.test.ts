// Guards the merging of two sockets that tell the same: whatever part of the stream each of them hears, and in whatever
// order their frames arrive, an event comes out exactly as often as it happened, equal ones included.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventKind } from '../../../src/model/events.ts'
import { Overlap, type Speaker } from '../../../src/venues/live/overlap.ts'
import { BatchOut } from '../../../src/venues/mapper-out.ts'
import { seed } from '../../reference/prng.ts'
import { brief, decode } from '../decode.ts'
import { plainMarket } from '../session.ts'

const T = 1_763_800_000_000
const market = plainMarket('binance', 'BTCUSDT', '0.1')

function tradeBatch(tick: number, timeMs: number): Uint8Array {
  const out = new BatchOut()
  out.begin(market, timeMs, timeMs)
  out.add(EventKind.trade, 0, tick, 1, timeMs)
  out.end()
  return out.take().slice()
}

test(`every event once (seed ${seed})`, () => {
  // Few ticks and few times, so that many events are equal to the last digit.
  const event = fc.record({ tick: fc.integer({ min: 1, max: 3 }), ms: fc.integer({ min: 0, max: 3 }) })
  const story = fc.record({
    events: fc.array(event, { maxLength: 30 }),
    joined: fc.nat(30),
    left: fc.nat(30),
    turns: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
  })
  fc.assert(
    fc.property(story, ({ events, joined, left, turns }) => {
      const inOrder = [...events].sort((a, b) => a.ms - b.ms)
      // The new socket begins somewhere, the old one ends somewhere later: together they hear everything.
      const begin = Math.min(joined, inOrder.length)
      const end = Math.max(begin, Math.min(left, inOrder.length))
      // An overlap lasts for seconds: what the new one has not heard is older than all that the old one has not.
      const times = new Set(inOrder.slice(0, begin).map(({ ms }) => ms))
      fc.pre(!inOrder.slice(end).some(({ ms }) => times.has(ms)))
      const heard: Record<Speaker, typeof inOrder> = { old: inOrder.slice(0, end), new: inOrder.slice(begin) }
      const out = new BatchOut()
      const overlap = new Overlap([market], T)
      for (const isOld of turns) {
        const speaker = (isOld && heard.old.length > 0) || heard.new.length === 0 ? 'old' : 'new'
        const next = heard[speaker].shift()
        if (next !== undefined) overlap.pass(tradeBatch(next.tick, T + next.ms), speaker, out)
      }
      const told = decode(out.take()).map(({ tick, timeMs }) => `${tick} ${timeMs}`)
      expect(told.sort()).toEqual(inOrder.map(({ tick, ms }) => `${tick} ${T + ms}`).sort())
    }),
    { seed, numRuns: 300 },
  )
})

test('books are those of the leader; the past that a new subscription begins with is dropped', () => {
  const out = new BatchOut()
  const scratch = new BatchOut()
  const overlap = new Overlap([market], T)
  const level = (tick: number) => {
    scratch.begin(market, T, T)
    scratch.add(EventKind.bookLevel, 0, tick, 5)
    scratch.end()
    return scratch.take().slice()
  }
  overlap.pass(level(1), 'old', out)
  overlap.pass(level(2), 'new', out)
  overlap.pass(tradeBatch(9, T - 1), 'new', out)
  overlap.leader = 'new'
  overlap.pass(level(3), 'old', out)
  overlap.pass(level(4), 'new', out)
  expect(brief(decode(out.take()))).toEqual(['bookLevel 0 1 5', 'bookLevel 0 4 5'])
})
