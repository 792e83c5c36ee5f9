// Guards the silence test: a venue that says nothing while another moves is suspect within a minute, even where its
// collector still sends signs of life and the last book; an ordinary pause is none, and the next move ends it.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { type VenueState, venueStates } from '../../src/model/venues.ts'
import { prng, seed } from '../reference/prng.ts'
import { type Look, ReferenceSilence } from '../reference/silence.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'

const asset = assetByName('BTC')!
const TICK = 0.1
const START_MS = Date.UTC(2026, 4, 1)
const STEP_MS = 10_000

class Feeds {
  readonly core: CoreUnderTest
  readonly #writer = new BatchWriter()
  #sequence = 0
  timeMs = START_MS

  constructor(build: Build) {
    this.core = new CoreUnderTest(build, asset)
  }

  send(venue: number, add: (writer: BatchWriter) => void): void {
    this.#writer.begin(venue, asset.id, ++this.#sequence, this.timeMs, this.timeMs, TICK)
    add(this.#writer)
    this.core.apply(this.#writer.take())
  }

  /** A whole book of one level a side: what a collector repeats. */
  book(venue: number, tick: number): void {
    this.send(venue, (writer) => {
      writer.add(EventKind.bookReset, 0, 0, 0)
      writer.add(EventKind.bookLevel, 0, tick, 1)
      writer.add(EventKind.bookLevel, 1, tick + 2, 1)
    })
  }

  heartbeat(venue: number): void {
    this.send(venue, (writer) => writer.add(EventKind.heartbeat, 0, 0, 0))
  }

  trade(venue: number, tick: number): void {
    this.send(venue, (writer) => writer.add(EventKind.trade, 0, tick, 0.1))
  }

  state(venue: number): VenueState {
    return venueStates[this.core.memory.venue(venue).state]!
  }
}

describe.each(Object.keys(builds) as Build[])('silence, %s build', (build) => {
  test(`a feed that goes silent under a live connection is suspect within 60 s of a move, not before (seed ${seed})`, () => {
    const random = prng(seed)
    const feeds = new Feeds(build)
    let price = 700_000
    let silentTick = 0
    let silentMs = Number.POSITIVE_INFINITY
    const second = (move: number): void => {
      feeds.timeMs += 1000
      price += move
      for (const venue of [0, 1, 2]) {
        feeds.heartbeat(venue)
        const isSilent = venue === 1 && feeds.timeMs >= silentMs
        if (!isSilent) feeds.book(venue, Math.round(price))
        else if (feeds.timeMs % 30_000 === 0) feeds.book(venue, silentTick)
      }
    }
    feeds.trade(0, price)
    const wiggle = (): number => (random() - 0.5) * 60
    for (let i = 0; i < 900; i++) second(wiggle())
    expect([0, 1, 2].map((venue) => feeds.state(venue))).toEqual(['live', 'live', 'live'])
    silentMs = feeds.timeMs + 1
    silentTick = Math.round(price)
    // Nobody moves: silence proves nothing.
    for (let i = 0; i < 45; i++) second(i % 2 === 0 ? 1 : -1)
    expect(feeds.state(1)).toBe('live')
    // Whole books and signs of life are no news.
    expect(
      feeds.core.memory
        .liquidity()
        .venues.map(({ ageMs }) => ageMs)
        .slice(0, 2),
    ).toEqual([945_000, undefined])
    let seconds = 0
    for (; feeds.state(1) !== 'suspect' && seconds < 200; seconds++) second(35)
    console.log(`suspect ${seconds} s after the move began`)
    expect(seconds).toBeLessThanOrEqual(60)
    expect([feeds.state(0), feeds.state(2)]).toEqual(['live', 'live'])
    // The checkpoint carries it; the next move ends it.
    const later = new CoreUnderTest(build, asset, feeds.core.memory.image())
    expect(venueStates[later.memory.venue(1).state]).toBe('suspect')
    silentMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < 11; i++) second(wiggle())
    expect(feeds.state(1)).toBe('live')
  })

  test(`equals the twin on random pauses and moves (seed ${seed})`, () => {
    const random = prng(seed ^ 0x51)
    const feeds = new Feeds(build)
    const twin = new ReferenceSilence(4)
    const ticks = [700_000, 700_000, 700_000, 0]
    const quietFor = [0, 0, 0, 0]
    // The first batch fixes the grid; looks begin with the step after it.
    feeds.trade(0, ticks[0]!)
    for (const venue of [0, 1, 2]) feeds.book(venue, ticks[venue]!)
    const middle = (tick: number): number => (tick === 0 ? 0 : (tick + 1) * TICK)
    let seen = 0
    let first = true
    let traded = [true, false, false, false]
    for (let step = 0; step < 1200; step++) {
      feeds.timeMs += STEP_MS
      // The look happens when time passes, before anything of the new step is applied.
      feeds.heartbeat(3)
      const looks = ticks.map((tick, venue): Look => ({ mid: middle(tick), traded: traded[venue]! }))
      if (first) twin.look(looks.map((look) => ({ ...look, traded: false })))
      else twin.look(looks)
      first = false
      const states = [0, 1, 2, 3].map((venue) => feeds.state(venue) === 'suspect')
      expect(states, `step ${step}`).toEqual([0, 1, 2, 3].map((venue) => twin.suspects.has(venue)))
      seen += twin.suspects.size
      const jump = random() < 0.05 ? (random() - 0.5) * 9000 : 0
      traded = [false, false, false, false]
      for (const venue of [0, 1, 2]) {
        if (quietFor[venue]! === 0 && random() < 0.06) quietFor[venue] = Math.ceil(random() * 9)
        if (quietFor[venue]! > 0) {
          quietFor[venue]!--
          feeds.heartbeat(venue)
          if (random() < 0.3) feeds.book(venue, ticks[venue]!)
          continue
        }
        ticks[venue] = Math.round(ticks[venue]! + (random() - 0.5) * 400 + jump)
        feeds.book(venue, ticks[venue]!)
        if (random() < 0.2) {
          feeds.trade(venue, ticks[venue]!)
          traded[venue] = true
        }
      }
    }
    console.log(`${seen} looks at a suspect venue`)
    expect(seen).toBeGreaterThan(10)
  })
})
