import { limits } from '../../model/limits.ts'
import type { BatchSink } from '../../model/stages.ts'
import type { AssetId } from '../../model/units.ts'
import type { VenueName } from '../../model/venues.ts'
import type { Log } from '../../telemetry/log.ts'
import { directories } from '../instruments/directories.ts'
import type { Quote } from '../instruments/listing.ts'
import type { Rest } from '../instruments/rest.ts'
import { RestFailure } from '../instruments/rest-failure.ts'
import { FrameFault } from '../mapper-fields.ts'
import type { Market } from '../mapper-market.ts'
import { marketsByAsset, pastOfAsset } from './asset-past.ts'
import { barBatches } from './bar-batches.ts'
import { BAR_MS, type Span } from './history.ts'

export interface WarmUpOptions {
  /** Of the assets to warm up, all venues together. Assets that have a state already need no past. */
  readonly markets: readonly Market[]
  readonly rests: ReadonlyMap<VenueName, Rest>
  /** Data folder, where what the venues told is kept. */
  readonly folder: string
  readonly now: () => number
  readonly log: Log
  /** Called when all of an asset's past was sent, or there is none to be had: its own events may follow. */
  warm(asset: AssetId): void
  /** Called after each asset. */
  progress?(progress: WarmUpProgress): void
}

export interface WarmUpProgress {
  readonly assets: number
  readonly assetsDone: number
  readonly bars: number
  /** Assets of which no venue told anything. */
  readonly cold: number
}

/** A bar that has only just ended may still be counted together by its venue. */
const SETTLE_MS = 10_000

/**
 * Sends five days of pooled five-minute bars of each asset to the sink, the larger assets first, and resolves when every
 * asset had its turn. Ends early, with what it has, after limits.warmUpMsMax or when `stopped`.
 */
export async function warmUp(options: WarmUpOptions, sink: BatchSink, stopped: AbortSignal): Promise<WarmUpProgress> {
  const { markets, rests, now, log } = options
  const receiveMs = Math.floor(now())
  const untilMs = Math.floor((receiveMs - SETTLE_MS) / BAR_MS) * BAR_MS
  const span: Span = { fromMs: untilMs - limits.warmUpMs, untilMs }
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(limits.warmUpMsMax)])
  const waiting = [...marketsByAsset(markets)]
  let progress: WarmUpProgress = { assets: waiting.length, assetsDone: 0, bars: 0, cold: 0 }
  const quotes = waiting.length === 0 ? new Map() : await quotesOf(rests, signal)
  const reasons = new Map<VenueName, string>()

  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [asset, own] = next
      const past = await pastOfAsset(asset, { ...options, markets: own, quotes, span, signal })
      for (const { venue, reason } of past.missing) reasons.set(venue, reason)
      const pathMarket = own.toSorted((a, b) => a.venue - b.venue)[0]!
      const isOpen = stopped.aborted || (await sent(sink, barBatches(pathMarket, past.bars, receiveMs)))
      options.warm(asset.id)
      progress = {
        ...progress,
        assetsDone: progress.assetsDone + 1,
        bars: progress.bars + past.bars.length,
        cold: progress.cold + (past.bars.length === 0 ? 1 : 0),
      }
      options.progress?.(progress)
      if (!isOpen || stopped.aborted) waiting.length = 0
    }
  }
  // Each venue's budget sets its pace; a few assets at a time keep all venues busy.
  await Promise.all(Array.from({ length: limits.warmUpAssetsMax }, work))
  for (const [venue, reason] of reasons)
    log.warn({ venue, reason }, `${venue}: a part of its past is missing: ${reason}`)
  return progress
}

async function sent(sink: BatchSink, batches: Uint8Array): Promise<boolean> {
  return batches.byteLength === 0 ? true : await sink.write(batches)
}

/** Open interest at present, for the venues that keep none of the past. */
async function quotesOf(
  rests: ReadonlyMap<VenueName, Rest>,
  signal: AbortSignal,
): Promise<Map<VenueName, ReadonlyMap<string, Quote>>> {
  const entries = await Promise.all(
    [...rests].map(async ([venue, rest]): Promise<[VenueName, ReadonlyMap<string, Quote>]> => {
      try {
        return [venue, await directories[venue].quotes(rest, [], signal)]
      } catch (error) {
        // What keeps this from answering is met again, and told, when its bars are asked for.
        if (error instanceof RestFailure || error instanceof FrameFault || signal.aborted) return [venue, new Map()]
        throw error
      }
    }),
  )
  return new Map(entries)
}
