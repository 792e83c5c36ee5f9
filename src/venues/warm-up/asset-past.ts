import { type Asset, assets as allAssets } from '../../model/assets.ts'
import { type VenueName, venues } from '../../model/venues.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Quote } from '../instruments/listing.ts'
import type { Rest } from '../instruments/rest.ts'
import { RestFailure } from '../instruments/rest-failure.ts'
import { FrameFault } from '../mapper-fields.ts'
import type { Market } from '../mapper-market.ts'
import { histories } from './histories.ts'
import { BAR_MS, type Bar, type Reading, type Span } from './history.ts'
import { type KeptPast, readPast, writePast } from './past-file.ts'
import { type PooledBar, poolPast, type VenuePast } from './pool.ts'

export interface AssetPastOptions {
  /** One for each venue at most. */
  readonly markets: readonly Market[]
  readonly rests: ReadonlyMap<VenueName, Rest>
  /** What the venues say of the present, by venue. */
  readonly quotes: ReadonlyMap<VenueName, ReadonlyMap<string, Quote>>
  readonly folder: string
  readonly span: Span
  readonly log: Log
  readonly signal: AbortSignal
}

export interface AssetPast {
  readonly bars: readonly PooledBar[]
  /** Why a venue's part is missing, whole or at its end. */
  readonly missing: readonly { readonly venue: VenueName; readonly reason: string }[]
}

/** The pooled past of one asset: what the data folder has, and from the venues only what is missing at its end. */
export async function pastOfAsset(asset: Asset, options: AssetPastOptions): Promise<AssetPast> {
  const { markets, folder, span, log, quotes } = options
  const kept = readPast(folder, asset.name, (reason) => log.warn({ asset: asset.name, reason }, reason))
  const missing: { venue: VenueName; reason: string }[] = []
  const parts = await Promise.all(
    markets.map(async (market): Promise<[number, KeptPast, VenuePast]> => {
      const venue = venues[market.venue]!.name
      const { past, fault } = await grown(market, venue, kept.get(market.venue), options)
      if (fault !== undefined) missing.push({ venue, reason: fault })
      const units = quotes.get(venue)?.get(market.symbol)?.openInterest ?? 0
      return [market.venue, past, { ...past, coinsNow: units * market.perUnit }]
    }),
  )
  for (const [venue, past] of parts) kept.set(venue, past)
  keep(folder, asset, kept, log)
  const pasts = parts.sort(([a], [b]) => a - b).map(([, , past]) => past)
  return { bars: poolPast(pasts, span), missing }
}

/** What is kept, with the missing end added to it. A venue that cannot be asked leaves it as it was. */
async function grown(
  market: Market,
  venue: VenueName,
  kept: KeptPast | undefined,
  { rests, span, signal }: AssetPastOptions,
): Promise<{ past: KeptPast; fault: string | undefined }> {
  const history = histories[venue]
  const rest = rests.get(venue)
  const none = { fromMs: span.fromMs, untilMs: span.fromMs }
  let past: KeptPast = trimmed(kept, span) ?? { covered: none, bars: [], readingsCovered: none, readings: [] }
  if (rest === undefined) return { past, fault: 'not asked' }
  try {
    const barsSpan = { ...span, fromMs: past.covered.untilMs }
    if (span.untilMs - barsSpan.fromMs > history.barsMsMin) {
      const bars = within(await history.bars(rest, market, barsSpan, signal), barsSpan, (bar: Bar) => bar.openMs)
      past = { ...past, covered: { ...past.covered, untilMs: span.untilMs }, bars: [...past.bars, ...bars] }
    }
    const readingsSpan = { ...span, fromMs: past.readingsCovered.untilMs }
    if (history.readings !== undefined && span.untilMs - readingsSpan.fromMs >= READINGS_MS_MIN) {
      const all = await history.readings(rest, market, readingsSpan, signal)
      const readings = within(all, readingsSpan, (reading: Reading) => reading.atMs)
      const untilMs = readings.at(-1) === undefined ? readingsSpan.fromMs : readings.at(-1)!.atMs + 1
      past = {
        ...past,
        readingsCovered: { ...past.readingsCovered, untilMs },
        readings: [...past.readings, ...readings],
      }
    }
    return { past, fault: undefined }
  } catch (error) {
    if (signal.aborted) return { past, fault: 'no time left' }
    if (error instanceof RestFailure) return { past, fault: error.message }
    if (error instanceof FrameFault) return { past, fault: `its answer is not as documented (${error.message})` }
    throw error
  }
}

/** Hourly readings that are younger than an hour have no successor yet. */
const READINGS_MS_MIN = 3_600_000

/** The part of it that is still wanted; undefined where it does not reach back far enough or is all too old. */
function trimmed(kept: KeptPast | undefined, { fromMs, untilMs }: Span): KeptPast | undefined {
  if (kept === undefined) return undefined
  const isUseful = ({ covered }: { covered: Span }): boolean =>
    covered.fromMs <= fromMs + BAR_MS && covered.untilMs > fromMs && covered.untilMs <= untilMs + BAR_MS
  const none = { fromMs, untilMs: fromMs }
  const hasBars = isUseful({ covered: kept.covered })
  const hasReadings = isUseful({ covered: kept.readingsCovered })
  return {
    covered: hasBars ? { fromMs, untilMs: kept.covered.untilMs } : none,
    bars: hasBars ? kept.bars.filter((bar) => bar.openMs >= fromMs) : [],
    readingsCovered: hasReadings ? { fromMs, untilMs: kept.readingsCovered.untilMs } : none,
    readings: hasReadings ? kept.readings.filter((reading) => reading.atMs >= fromMs) : [],
  }
}

/** Sorted, each time once, and nothing from outside. */
function within<Row>(rows: readonly Row[], { fromMs, untilMs }: Span, timeOf: (row: Row) => number): Row[] {
  const byTime = new Map(rows.map((row) => [timeOf(row), row]))
  return [...byTime]
    .filter(([time]) => time >= fromMs && time < untilMs)
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row)
}

function keep(folder: string, asset: Asset, pasts: ReadonlyMap<number, KeptPast>, log: Log): void {
  try {
    writePast(folder, asset.name, pasts)
  } catch (error) {
    // The next start asks for all of it again: that is all there is to lose.
    log.warn({ error, asset: asset.name }, `the past of ${asset.name} cannot be kept in ${folder}`)
  }
}

/** Markets by asset, in the order of the table. */
export function marketsByAsset(markets: readonly Market[]): Map<Asset, Market[]> {
  const byAsset = new Map<Asset, Market[]>()
  for (const asset of allAssets) {
    const own = markets.filter((market) => market.asset === asset.id && !market.isInverse)
    if (own.length > 0) byAsset.set(asset, own)
  }
  return byAsset
}
