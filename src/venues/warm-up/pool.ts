import { BAR_MS, type Bar, type Reading, type Span } from './history.ts'

/** What one venue told of one asset. */
export interface VenuePast {
  readonly bars: readonly Bar[]
  readonly readings: readonly Reading[]
  /** Open interest at present, coins; 0 where unknown. Venues without a past of it count with this share. */
  readonly coinsNow: number
}

/** All venues together. */
export interface PooledBar extends Bar {
  /** Coins; 0 unknown. */
  readonly coins: number
}

/** A reading speaks for the time around it, not for a day in which the venue said nothing. */
const READING_MS_MAX = 2 * 3_600_000

/**
 * The past of an asset over all venues, oldest bar first. Price comes from the first venue that has the bar, volume and
 * open interest are sums; what a venue lacks for a while is made up by its share of what it has otherwise, so that a venue
 * that was asked in vain leaves no dent. Bars that no venue has are left out.
 */
export function poolPast(venues: readonly VenuePast[], { fromMs, untilMs }: Span): PooledBar[] {
  const pasts = venues.map(pastOf)
  const volumeShares = volumeSharesOf(pasts)
  const pooled: PooledBar[] = []
  const cursors = pasts.map(() => 0)
  for (let openMs = Math.ceil(fromMs / BAR_MS) * BAR_MS; openMs < untilMs; openMs += BAR_MS) {
    let path: Bar | undefined
    let volume = 0
    let told = 0
    let coins = 0
    let toldCoins = 0
    for (const [index, past] of pasts.entries()) {
      const bar = past.bars.get(openMs)
      if (bar !== undefined) {
        path ??= bar
        volume += bar.volumeUsd
        told += volumeShares[index]!
      }
      const [level, cursor] = levelAt(past.readings, openMs + BAR_MS, cursors[index]!)
      cursors[index] = cursor
      if (level > 0) {
        coins += level
        toldCoins += past.coinsNow
      }
    }
    if (path === undefined) continue
    pooled.push({
      ...path,
      openMs,
      volumeUsd: told > 0 ? (volume * sum(volumeShares)) / told : volume,
      coins: scaledCoins(coins, toldCoins, sum(pasts.map((past) => past.coinsNow))),
    })
  }
  return pooled
}

interface Past {
  readonly bars: ReadonlyMap<number, Bar>
  readonly readings: readonly Reading[]
  readonly coinsNow: number
  readonly volumeMean: number
}

function pastOf({ bars, readings, coinsNow }: VenuePast): Past {
  const sorted = readings.filter((reading) => reading.coins > 0).sort((a, b) => a.atMs - b.atMs)
  return {
    bars: new Map(bars.map((bar) => [bar.openMs, bar])),
    readings: sorted,
    coinsNow: coinsNow > 0 ? coinsNow : (sorted.at(-1)?.coins ?? 0),
    volumeMean: bars.length === 0 ? 0 : sum(bars.map((bar) => bar.volumeUsd)) / bars.length,
  }
}

/** A venue without a single bar trades as much for its open interest as the others do. */
function volumeSharesOf(pasts: readonly Past[]): number[] {
  const known = pasts.filter((past) => past.volumeMean > 0 && past.coinsNow > 0)
  const perCoin = sum(known.map((past) => past.volumeMean)) / sum(known.map((past) => past.coinsNow))
  return pasts.map((past) => {
    if (past.bars.size > 0) return past.volumeMean
    return Number.isFinite(perCoin) ? past.coinsNow * perCoin : 0
  })
}

/** Where nobody has a past, the present is the best guess. */
function scaledCoins(coins: number, toldNow: number, allNow: number): number {
  return coins > 0 && toldNow > 0 ? (coins * allNow) / toldNow : allNow
}

/** Between two readings on the straight line; `cursor` is the last reading not after the moment, which only grows. */
function levelAt(readings: readonly Reading[], atMs: number, cursor: number): [coins: number, cursor: number] {
  let at = cursor
  while (at + 1 < readings.length && readings[at + 1]!.atMs <= atMs) at++
  const before = readings[at]
  const after = readings[at + 1]
  if (before === undefined) return [0, at]
  if (before.atMs > atMs) return [before.atMs - atMs <= READING_MS_MAX ? before.coins : 0, at]
  if (after !== undefined && after.atMs - before.atMs <= 2 * READING_MS_MAX) {
    const share = (atMs - before.atMs) / (after.atMs - before.atMs)
    return [before.coins + (after.coins - before.coins) * share, at]
  }
  return [atMs - before.atMs <= READING_MS_MAX ? before.coins : 0, at]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
