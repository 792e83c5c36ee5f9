// Guards what must hold in the core whatever the market does, on both builds, by batches alone: USD neither appear nor
// vanish, nothing is negative, the future changes nothing, a crossing takes what it touched and no more, and no venue is
// privileged but in who leads the candle.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { BUCKETS, Layer, usdOfCode } from '../../src/model/layers.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import { VENUES } from '../../src/model/venues.ts'
import { decodeColumn, emptyColumn } from '../../src/wire/blocks.ts'
import { prng, seed } from '../reference/prng.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'
import { GRID_BUCKETS, LEDGER, Ledger } from './ledger.ts'
import { hostileBatches } from './market.ts'

const asset = assetByName('BTC')!
const TICK = 0.1
const HALF_TICK = 0.5
const BYBIT = 1
const START_MS = Date.UTC(2026, 2, 1) + 60_000
const STEP_MS = 300_000
const HOUR_MS = 3_600_000

/** What stays of a swept bucket. */
const RESIDUE = 0.02
/** Buckets that the display blur reaches beside one. */
const BLUR = 6

/** One venue that the core hears, by hand. */
class Feed {
  readonly core: CoreUnderTest
  readonly #writer = new BatchWriter()
  #sequence = 0
  timeMs: number = START_MS

  constructor(core: CoreUnderTest) {
    this.core = core
  }

  send(kind: number, tick: number, value: number): void {
    this.#writer.begin(BYBIT, asset.id, ++this.#sequence, this.timeMs, this.timeMs, TICK)
    this.#writer.add(kind, 0, tick, value)
    this.core.apply(this.#writer.take())
  }
}

/** A core that has heard its first price and some steps of turnover around it. */
function warmed(build: Build, random: () => number, steps: number): { feed: Feed; ledger: Ledger; tick: number } {
  const feed = new Feed(new CoreUnderTest(build, asset))
  const tick = 700_000 + Math.floor(random() * 100_000)
  feed.send(EventKind.markPrice, 0, tick * TICK)
  const ledger = new Ledger(build, feed.core, tick * TICK)
  for (let i = 0; i < steps; i++) {
    feed.send(EventKind.openInterest, 0, 90_000)
    feed.send(EventKind.trade, tick + Math.floor((random() - 0.5) * 4_000), 300 * random())
    feed.timeMs += STEP_MS
  }
  feed.send(EventKind.trade, tick, 1)
  feed.timeMs += 1_000
  feed.send(EventKind.heartbeat, 0, 0)
  return { feed, ledger, tick }
}

function cellsWhere(from: number, to: number, holds: (cell: number) => boolean): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i).filter(holds)
}

const nearest = (value: number): number => {
  const rounded = Math.round(value)
  return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded
}

/** Coins of all books as whole cents by `(venue * 2 + side) * GRID_BUCKETS + bucket`. */
function centsOfBooks(core: CoreUnderTest): Float64Array {
  const step = core.memory.head('step')
  const cents = new Float64Array(2 * VENUES * GRID_BUCKETS)
  for (let venue = 0; venue < VENUES; venue++) {
    const { tickSize } = core.memory.venue(venue)
    for (const [tick, size] of core.book(venue)) {
      const bucket = Math.floor(tick * (tickSize / step) + 1e-9)
      if (bucket >= GRID_BUCKETS) continue
      cents[(venue * 2 + (size > 0 ? 0 : 1)) * GRID_BUCKETS + bucket]! += nearest(
        Math.abs(size) * tick * tickSize * 100,
      )
    }
  }
  return cents
}

/** Resting cents and their integral by side and bucket, and resting cents by venue, as assembly/layout.ts has them. */
function gridOf({ map, memory }: CoreUnderTest): { now: Float64Array; integral: Float64Array; byVenue: Float64Array } {
  const depth = map.venue + 8 * map.venueStride + 8 * 128
  const pairs = new Float64Array(memory.memory.buffer, depth, 6 * GRID_BUCKETS)
  const cells = (field: number) =>
    Float64Array.from({ length: 2 * GRID_BUCKETS }, (_, i) => pairs[6 * (i >> 1) + field + (i & 1)]!)
  const byVenue = new Float64Array(memory.memory.buffer, depth + pairs.byteLength, 2 * VENUES * GRID_BUCKETS)
  return { now: cells(0), integral: cells(2), byVenue }
}

/**
 * A market of all venues with one tick: every half minute each of them, in any order, changes some levels and trades
 * near the price of the moment, `apart` ticks off at most; liquidations; open interest in whole coins. Ticks are halves,
 * so that sums are exact in any order.
 */
function roundsOf(random: () => number, rounds: number, apart = 0): Uint8Array[] {
  const writer = new BatchWriter()
  const pick = (n: number): number => Math.floor(random() * n)
  const skews = Array.from({ length: VENUES }, () => pick(2 * apart + 1) - apart)
  let tick = 154_000
  let sequence = 0
  return Array.from({ length: rounds }, (_, round) => {
    const timeMs = START_MS + round * 30_000
    tick = Math.round(tick * (1 + (random() - 0.5) * 0.002))
    const order = Array.from({ length: VENUES }, (_, venue) => venue).sort(() => random() - 0.5)
    return order.map((venue) => {
      writer.begin(venue, asset.id, ++sequence, timeMs, timeMs, HALF_TICK)
      writer.add(EventKind.trade, pick(2), tick + skews[venue]!, Math.ceil(random() * 40_000) / 1_000)
      for (let n = pick(6); n > 0; n--) {
        const side = pick(2)
        const away = 1 + pick(random() < 0.2 ? 100_000 : 1_000)
        const coins = random() < 0.3 ? 0 : Math.ceil(random() * 9_000) / 1_000
        writer.add(EventKind.bookLevel, side, side === 0 ? tick - away : tick + away, coins)
      }
      if (round % 2 === 0) writer.add(EventKind.openInterest, 0, tick, 10_000 + pick(500))
      if (random() < 0.02) writer.add(EventKind.liquidation, pick(2), tick + pick(400) - 200, random() * 5)
      return writer.take().slice()
    })
  }).flat()
}

/** The same batch, told by another venue. */
function relabelled(batch: Uint8Array, labels: readonly number[]): Uint8Array {
  const copy = batch.slice()
  copy[3] = labels[batch[3]!]!
  return copy
}

const digest = ({ cells, ...facts }: ClosedColumn): string =>
  createHash('sha1').update(JSON.stringify(facts)).update(cells).digest('hex')

describe.each(Object.keys(builds) as Build[])('properties of the core, %s build', (build) => {
  test(`a step takes its hazard of what was there and seeds that much open interest (seed ${seed})`, () => {
    const random = prng(seed)
    const { feed, ledger, tick: start } = warmed(build, random, 30)
    feed.timeMs = (Math.floor(feed.timeMs / HOUR_MS) + 1) * HOUR_MS + 1_000
    feed.send(EventKind.trade, start, 1)
    let tick = start
    for (let i = 0; i < 60; i++) {
      const isStill = i % 3 === 0
      const coins = 80_000 + Math.floor(random() * 20_000)
      const before = [ledger.mass(0), ledger.mass(1)]
      const swept = [ledger.exposure(0), ledger.exposure(1)]
      feed.send(EventKind.openInterest, 0, coins)
      let usd = i === 0 ? start * TICK : 0
      for (let n = 0; n < 3; n++) {
        if (!isStill) tick = Math.round(tick * (1 + (random() - 0.5) * 0.01))
        const traded = Math.ceil(1_000 * random()) / 10
        usd += traded * tick * TICK
        feed.send(EventKind.trade, tick, traded)
      }
      feed.timeMs += 10_000
      feed.send(EventKind.heartbeat, 0, 0)
      const taken = [0, 1].map((side) => ledger.exposure(side) - swept[side]!)
      for (const side of [0, 1]) {
        // What is swept leaves the ledger but for the residue; the decay does not move meanwhile.
        const left = before[side]! - (1 - RESIDUE) * taken[side]!
        expect(Math.abs(ledger.mass(side) / left - 1)).toBeLessThan(1e-5)
      }
      const rested = [ledger.mass(0), ledger.mass(1)]
      feed.timeMs += STEP_MS - 10_000
      feed.send(EventKind.heartbeat, 0, 0)
      const openInterest = coins * tick * TICK
      const hazard = Math.min(0.05, (0.3 * usd) / openInterest)
      for (const side of [0, 1]) {
        const kept = rested[side]! * Math.exp(-hazard)
        const seeded = ledger.tiersInUse * hazard * openInterest
        // Seeds on the wrong side of the new price are dropped: where price moved it is less, never more.
        if (isStill) expect(Math.abs((ledger.mass(side) - kept) / seeded - 1)).toBeLessThan(1e-3)
        expect(ledger.mass(side)).toBeLessThan((kept + seeded) * (1 + 1e-5))
        expect(ledger.mass(side)).toBeGreaterThan(kept * (1 - 1e-5))
      }
    }
  })

  test(`the level layers hold the ledger's weighted mass (seed ${seed})`, () => {
    const { feed, ledger } = warmed(build, prng(seed + 1), 200)
    feed.core.memory.activate(0, true)
    feed.core.turn()
    const column = emptyColumn()
    decodeColumn(feed.core.live.find(({ kind }) => kind === 'key')!.block, 0, column)
    const weightOf = (tier: number): number => ledger.f64(256 + 8 * tier) * ledger.f64(184)
    const background = weightOf(LEDGER.tiers + 1) * ledger.f64(72) * LEDGER.width
    const bucketAt = (cell: number): number => Math.round(ledger.position((column.baseBucket + cell) * column.step))
    const price = Math.round(ledger.position(feed.core.memory.head('price')))
    for (const [side, layer] of [Layer.longLevel, Layer.shortLevel].entries()) {
      const [from, to] = side === 0 ? [bucketAt(0), price] : [price, bucketAt(BUCKETS)]
      const expected = ledger.mass(side, weightOf, from, to) + background * (to - from)
      let shown = 0
      for (let cell = 0; cell < BUCKETS; cell++) {
        shown += usdOfCode(column.cells[layer * BUCKETS + cell]!, column.quantumUsd)
      }
      expect(Math.abs(shown / expected - 1), `side ${side}: ${shown} of ${expected} USD`).toBeLessThan(0.01)
    }
  })

  test(`the grid is the sum of the books, to the cent, and nothing is ever negative (seed ${seed})`, () => {
    const core = new CoreUnderTest(build, asset)
    let looks = 0
    let batches = 0
    for (const batch of hostileBatches(prng(seed + 2), 3_000, START_MS)) {
      core.apply(batch)
      if (++batches % 150 !== 0) continue
      looks++
      const books = centsOfBooks(core)
      const { now, integral, byVenue } = gridOf(core)
      expect(Buffer.compare(Buffer.from(books.buffer), Buffer.from(byVenue.slice().buffer))).toBe(0)
      const sums = now.map((_, i) => {
        let sum = 0
        for (let venue = 0; venue < VENUES; venue++) sum += books[venue * now.length + i]!
        return sum
      })
      expect(Buffer.compare(Buffer.from(sums.buffer), Buffer.from(now.buffer))).toBe(0)
      for (const values of [now, integral]) expect(values.every((value) => value >= 0)).toBe(true)
      expect(core.memory.liquidity().realised.every(({ venueUsd }) => venueUsd.every((usd) => usd >= 0))).toBe(true)
    }
    expect(looks).toBe(20)
  })

  test(`ledger and map are never negative (seed ${seed})`, () => {
    const random = prng(seed + 3)
    const { feed, ledger, tick } = warmed(build, random, 50)
    for (let i = 0; i < 400; i++) {
      feed.timeMs += Math.floor(random() * (random() < 0.02 ? 20 * HOUR_MS : STEP_MS))
      if (random() < 0.3) feed.send(EventKind.openInterest, 0, random() < 0.1 ? 0 : 90_000 * random())
      feed.send(EventKind.trade, Math.round(tick * Math.exp(2 * (random() - 0.5) * random())), 1_000 * random())
      if (i % 40 !== 0) continue
      for (const cells of [...ledger.rows(), ...ledger.map()]) expect(cells.every((usd) => usd >= 0)).toBe(true)
    }
  })

  test(`a crossing empties the buckets it touched and leaves every other as it was, bit by bit (seed ${seed})`, () => {
    const random = prng(seed + 4)
    let emptied = 0
    for (let trial = 0; trial < 6; trial++) {
      const { feed, ledger, tick } = warmed(build, random, 60)
      const isFall = trial % 2 === 0
      const target = Math.round(tick * (1 + (isFall ? -1 : 1) * (0.002 + 0.08 * random())))
      const at = Math.floor(ledger.position(tick * TICK))
      const edge = Math.floor(ledger.position(target * TICK))
      // The bucket beyond the price belongs to the crossing; the last one reached is taken by the part that was reached.
      const [low, high] = isFall ? [edge, at + 1] : [at - 1, edge]
      const before = ledger.rows()
      const shown = ledger.map()
      feed.send(EventKind.trade, target, 1)
      feed.timeMs += 1_000
      feed.send(EventKind.heartbeat, 0, 0)
      const swept = isFall ? 0 : 1
      const wrong: string[] = []
      ledger.rows().forEach((cells, i) => {
        const isSwept = Math.floor(i / LEDGER.tiers) === swept
        cells.forEach((usd, bucket) => {
          const was = before[i]![bucket]!
          const [first, last] = isSwept ? [low, high] : isFall ? [at - 1, at] : [at, at + 1]
          const isTouched = bucket >= first && bucket <= last
          const isWhole = isSwept && isTouched && bucket !== edge
          if (isWhole && was > 0) emptied++
          const isRight = isWhole ? usd === Math.fround(was * RESIDUE) : isTouched ? usd <= was : usd === was
          if (!isRight) wrong.push(`row ${i} bucket ${bucket}: ${was} became ${usd}`)
        })
      })
      expect(wrong).toEqual([])
      // The map beyond the crossing, as far as its blur does not carry.
      const cellAt = (bucket: number): number => Math.floor(ledger.priceAt(bucket) / ledger.step)
      const now = ledger.map()[swept]
      const [from, to] = isFall ? [1, cellAt(edge - 2 * BLUR)] : [cellAt(edge + 2 * BLUR), GRID_BUCKETS]
      // Buckets are laid over the grid from price on: their edges may be rounded another way.
      const moved = (cell: number): boolean => Math.abs(now[cell]! - shown[swept][cell]!) > 1e-5 * shown[swept][cell]!
      expect(cellsWhere(from, to, moved)).toEqual([])
      // Back where it was: between the two prices next to nothing is left but the background.
      feed.send(EventKind.trade, tick, 1)
      feed.timeMs += 1_000
      feed.send(EventKind.heartbeat, 0, 0)
      const back = ledger.map()[swept]
      const background = ledger.f64(256 + 8 * (LEDGER.tiers + 1)) * ledger.f64(184) * ledger.f64(72)
      const isFull = (cell: number): boolean => {
        const even = background * Math.log((cell + 1) / cell)
        return back[cell]! - even > RESIDUE * (shown[swept][cell]! - even) + 1e-3 * even
      }
      expect(cellsWhere(cellAt(low + 2 * BLUR), cellAt(high - 2 * BLUR), isFull)).toEqual([])
    }
    expect(emptied, 'crossed buckets that held something').toBeGreaterThan(100)
  })

  test(`no look-ahead: a log cut off anywhere gives the same columns and scores up to there (seed ${seed})`, () => {
    const random = prng(seed + 5)
    const batches = roundsOf(random, 720)
    const whole = new CoreUnderTest(build, asset)
    const known = batches.map((batch) => {
      whole.apply(batch)
      return { columns: whole.columns.length, scores: whole.scores.length }
    })
    const digests = whole.columns.map(digest)
    expect(whole.scores.length).toBeGreaterThan(3)
    for (let trial = 0; trial < 3; trial++) {
      const cut = 1 + Math.floor(random() * (batches.length - 1))
      const short = new CoreUnderTest(build, asset)
      for (const batch of batches.slice(0, cut)) short.apply(batch)
      const { columns, scores } = known[cut - 1]!
      expect(short.columns.map(digest)).toEqual(digests.slice(0, columns))
      expect(short.scores).toEqual(whole.scores.slice(0, scores))
    }
  })

  /** Two cores that hear one market, the second with its venues in other places. */
  function permuted(
    random: () => number,
    apart: number,
  ): { one: CoreUnderTest; other: CoreUnderTest; labels: number[] } {
    const labels = Array.from({ length: VENUES }, (_, venue) => venue)
    for (let i = labels.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[labels[i], labels[j]] = [labels[j]!, labels[i]!]
    }
    const [one, other] = [new CoreUnderTest(build, asset), new CoreUnderTest(build, asset)]
    // The complete liquidation feed goes with its venue.
    const at = other.map.settings.completeMask
    new DataView(other.memory.memory.buffer).setUint32(at, 1 << labels[BYBIT]!, true)
    for (const batch of roundsOf(random, 720, apart)) {
      one.apply(batch)
      other.apply(relabelled(batch, labels))
    }
    expect(one.columns.length).toBeGreaterThan(350)
    return { one, other, labels }
  }

  test(`venues in other places: the same columns, liquidations, levels and scores (seed ${seed})`, () => {
    const { one, other, labels } = permuted(prng(seed + 6), 0)
    expect(other.columns.map(digest), `venues ${labels}`).toEqual(one.columns.map(digest))
    expect(other.scores).toEqual(one.scores)
    expect(other.liquidations.map(({ venue, ...row }) => ({ ...row, venue: labels.indexOf(venue) }))).toEqual(
      one.liquidations,
    )
  })

  test(`venues that trade at other prices: who leads makes the candle, and nothing else (seed ${seed})`, () => {
    const { one, other, labels } = permuted(prng(seed + 7), 40)
    let candles = 0
    one.columns.forEach((column, i) => {
      const twin = other.columns[i]!
      if (twin.close !== column.close) candles++
      expect([twin.openMs, twin.volumeUsd, twin.observedMs, twin.step]).toEqual([
        column.openMs,
        column.volumeUsd,
        column.observedMs,
        column.step,
      ])
      // Windows are centred on the candle's open: what both of them show is compared.
      const shift = twin.baseBucket - column.baseBucket
      const shown = BUCKETS - Math.abs(shift)
      for (let layer = 0; layer < Layer.longLevel; layer++) {
        const from = layer * BUCKETS
        const mine = column.cells.subarray(from + Math.max(0, shift), from + Math.max(0, shift) + shown)
        const its = twin.cells.subarray(from + Math.max(0, -shift), from + Math.max(0, -shift) + shown)
        expect(Buffer.compare(mine, its), `layer ${layer} of column ${i}`).toBe(0)
      }
    })
    if (labels[0] !== 0) expect(candles).toBeGreaterThan(0)
  })
})
