import { type Asset, assets as allAssets } from '../../model/assets.ts'
import { LmapError } from '../../model/errors.ts'
import type { BatchSink, SourceStatus } from '../../model/stages.ts'
import { type VenueName, venues } from '../../model/venues.ts'
import type { Log } from '../../telemetry/log.ts'
import { marketsOfTable } from '../instruments/instrument-table.ts'
import { Instruments } from '../instruments/instruments.ts'
import type { Rest } from '../instruments/rest.ts'
import { createRests, type RestBases } from '../instruments/rest-venues.ts'
import { createAgents } from '../live/agents.ts'
import { createLive, type LiveContext, type LiveOptions } from '../live/live.ts'
import type { Feed } from '../source.ts'
import { WarmGate } from './warm-gate.ts'
import { type WarmUpProgress, warmUp } from './warm-up.ts'

export interface WarmLiveOptions extends LiveOptions {
  /** Folder in which instruments and past are kept between runs. */
  readonly folder: string
  /** Names of the assets that have no state yet and want a past; the others go on where they were. */
  readonly cold: readonly string[]
}

export interface WarmLiveContext extends LiveContext {
  readonly log: Log
}

/** How far the past has come, beside what every source says. */
export interface WarmLiveStatus extends SourceStatus {
  readonly warmUp?: WarmUpProgress
}

/** The past is told of after so many assets. */
const PROGRESS_ASSETS = 10

/** The live market with all that a start needs: today's instruments first, then feeds and past together. */
export function createWarmLive(options: WarmLiveOptions, context: WarmLiveContext): Feed {
  return new WarmLive(options, context)
}

class WarmLive implements Feed {
  readonly #options: WarmLiveOptions
  readonly #context: WarmLiveContext
  #live: Feed | undefined
  #warmUp: WarmUpProgress | undefined
  /** Counts of feeds that were replaced because instruments had changed. */
  #past: SourceStatus = { records: 0, levels: 0, liquidations: 0, gaps: 0, rejected: 0, progress: undefined }

  constructor(options: WarmLiveOptions, context: WarmLiveContext) {
    this.#options = options
    this.#context = context
  }

  async run(sink: BatchSink, stopped: AbortSignal): Promise<void> {
    const { proxyEnv = {}, folder } = this.#options
    const { now, chance, log, limits } = this.#context
    const agents = createAgents(proxyEnv)
    const rests = createRests(this.#venues(), this.#bases(), { agents, now, prng: chance })
    let restart = new AbortController()
    const changed = (): void => restart.abort()
    const instruments = new Instruments({
      assets: this.#assets(),
      rests,
      folder,
      now,
      log,
      changed,
      ...(limits && { limits }),
    })
    const ended = new AbortController()
    const stop = AbortSignal.any([stopped, ended.signal])
    stop.addEventListener('abort', () => void instruments.stop(), { once: true })
    let warming: Promise<void> | undefined
    try {
      await instruments.start()
      if (stopped.aborted) return
      const { cold } = this.#options
      const coldAssets = this.#assets().filter((asset) => cold.includes(asset.name))
      const gate = new WarmGate(
        sink,
        coldAssets.map((asset) => asset.id),
      )
      warming = this.#warm(coldAssets, instruments, rests, gate, sink, stop)
      // A failure of ours there must not wait for the end of the market to be heard of.
      warming.catch(() => ended.abort())
      for (let isFirst = true; ; isFirst = false) {
        const isLost = await this.#follow(instruments, gate, AbortSignal.any([stop, restart.signal]), isFirst)
        if (stop.aborted || !(restart.signal.aborted || isLost)) break
        restart = new AbortController()
        log.info({}, isLost ? 'no venue can be reached any more: trying on' : 'instruments have changed: starting anew')
      }
    } finally {
      ended.abort()
      await instruments.stop()
      await warming
      agents.close()
    }
  }

  status(): WarmLiveStatus {
    const own = this.#live?.status()
    const past = this.#past
    return {
      ...past,
      ...own,
      records: past.records + (own?.records ?? 0),
      levels: past.levels + (own?.levels ?? 0),
      liquidations: past.liquidations + (own?.liquidations ?? 0),
      gaps: past.gaps + (own?.gaps ?? 0),
      rejected: past.rejected + (own?.rejected ?? 0),
      ...(this.#warmUp && { warmUp: this.#warmUp }),
    }
  }

  /** One life of the feeds, with the instruments as they are now. True: it ended because no venue can be reached. */
  async #follow(instruments: Instruments, sink: BatchSink, stopped: AbortSignal, isFirst: boolean): Promise<boolean> {
    const markets = (venue: VenueName) => marketsOfTable(instruments.table, venue)
    const live = createLive(this.#options, { ...this.#context, markets })
    this.#live = live
    try {
      await live.run(sink, stopped)
      return false
    } catch (error) {
      // Venues that were there before will be there again: only a start gives up.
      if (!isFirst && error instanceof LmapError && error.code === 'LMAP_VENUE_UNREACHABLE') return true
      throw error
    } finally {
      this.#past = this.status()
      this.#live = undefined
    }
  }

  async #warm(
    coldAssets: readonly Asset[],
    instruments: Instruments,
    rests: ReadonlyMap<VenueName, Rest>,
    gate: WarmGate,
    sink: BatchSink,
    stopped: AbortSignal,
  ): Promise<void> {
    const { folder } = this.#options
    const { now, log } = this.#context
    const ids = new Set(coldAssets.map((asset) => asset.id))
    const markets = [...rests.keys()]
      .flatMap((venue) => marketsOfTable(instruments.table, venue))
      .filter((market) => ids.has(market.asset))
    // Assets that no venue has would wait for ever.
    for (const id of ids) if (!markets.some((market) => market.asset === id)) gate.open(id)
    const progress = (so: WarmUpProgress): void => {
      this.#warmUp = so
      if (so.assetsDone % PROGRESS_ASSETS === 0 || so.assetsDone === so.assets) {
        log.info({ ...so }, `past of ${so.assetsDone} of ${so.assets} assets: ${so.bars} bars, ${so.cold} without any`)
      }
    }
    await warmUp({ markets, rests, folder, now, log, progress, warm: (asset) => gate.open(asset) }, sink, stopped)
  }

  #venues(): VenueName[] {
    return venues.map(({ name }) => name).filter((name) => this.#options.venues?.includes(name) ?? true)
  }

  #assets(): Asset[] {
    const { assets } = this.#options
    return allAssets.filter((asset) => assets?.includes(asset.name) ?? true)
  }

  #bases(): RestBases {
    return Object.fromEntries(
      Object.entries(this.#options.urls ?? {}).flatMap(([venue, urls]) =>
        urls?.rest === undefined ? [] : [[venue, urls.rest] as const],
      ),
    )
  }
}
