import { type Asset, assets as allAssets, type Instrument } from '../../model/assets.ts'
import { type Limits, limits as usualLimits } from '../../model/limits.ts'
import type { Stage } from '../../model/stages.ts'
import { type VenueName, venueId } from '../../model/venues.ts'
import type { Log } from '../../telemetry/log.ts'
import { FrameFault } from '../mapper-fields.ts'
import { directories } from './directories.ts'
import { type KeptInstruments, readInstruments, writeInstruments } from './instrument-file.ts'
import {
  builtInInstruments,
  builtInTable,
  changesBetween,
  type InstrumentChange,
  type InstrumentTable,
  type VenueFacts,
} from './instrument-table.ts'
import { type Refusal, resolveAsset, type Told } from './resolve.ts'
import type { Rest } from './rest.ts'
import { RestFailure } from './rest-failure.ts'

export interface InstrumentsOptions {
  readonly assets: readonly Asset[]
  readonly rests: ReadonlyMap<VenueName, Rest>
  /** Data folder, where what the venues said is kept. */
  readonly folder: string
  readonly now: () => number
  readonly log: Log
  readonly limits?: Limits
  /** Called when a later refresh has found something different. */
  changed?(table: InstrumentTable, changes: readonly InstrumentChange[]): void
}

/**
 * The instruments of the assets on the venues: asked for at the start and each day. A venue that cannot be asked keeps what it said last, or what the built-in table says.
 */
export class Instruments implements Stage {
  readonly name = 'instruments'
  readonly #options: InstrumentsOptions
  readonly #limits: Limits
  readonly #stopped = new AbortController()
  #table: InstrumentTable
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(options: InstrumentsOptions) {
    this.#options = options
    this.#limits = options.limits ?? usualLimits
    this.#table = builtInTable(options.assets, [...options.rests.keys()])
  }

  get table(): InstrumentTable {
    return this.#table
  }

  /** Resolves when every venue has answered, or was waited for long enough: the rest is asked again later. */
  async start(): Promise<void> {
    const patience = new AbortController()
    const giveUp = (): void => patience.abort(new Error('no answer in time'))
    const latest = setTimeout(giveUp, this.#limits.instrumentsStartMsMax)
    const rests = [...this.#options.rests.values()]
    const mute = setTimeout(() => {
      if (rests.every((rest) => rest.status().answers === 0)) giveUp()
    }, this.#limits.instrumentsMuteMsMax)
    try {
      await this.#refresh(AbortSignal.any([patience.signal, this.#stopped.signal]))
    } finally {
      clearTimeout(latest)
      clearTimeout(mute)
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('stopped'))
    clearTimeout(this.#timer)
    await this.#running
  }

  #refresh(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#ask(signal).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const isFirst = this.#timer === undefined
    const before = this.#table
    const table = await askInstruments({ ...this.#options, signal })
    if (this.#stopped.signal.aborted) return
    this.#table = table
    const changes = changesBetween(before, table)
    this.#report(table, changes)
    const isWhole = table.venues.every((facts) => facts.origin === 'venue')
    const nextMs = isWhole ? this.#limits.instrumentsMs : this.#limits.instrumentsRetryMs
    this.#timer = setTimeout(() => void this.#refresh(this.#stopped.signal), nextMs)
    // Nothing waits for tomorrow's list.
    this.#timer.unref()
    if (!isFirst && changes.length > 0) this.#options.changed?.(table, changes)
  }

  #report(table: InstrumentTable, changes: readonly InstrumentChange[]): void {
    const { log } = this.#options
    for (const { venue, origin, date, reason } of table.venues) {
      if (reason !== undefined)
        log.warn({ venue, origin, date, reason }, `${venue}: instruments of ${date} (${reason})`)
    }
    for (const { venue, symbol, asset, reason } of table.refused) {
      log.warn({ venue, symbol, asset, reason }, `${venue} ${symbol} is not used for ${asset}: ${reason}`)
    }
    if (changes.length > 0) log.info({ changes }, `${changes.length} instruments differ from what was known`)
  }
}

/** Asks every venue once and keeps what they say. Never rejects for a venue: that is told by its facts. */
export async function askInstruments({
  assets,
  rests,
  folder,
  now,
  log,
  signal,
}: InstrumentsOptions & { readonly signal?: AbortSignal }): Promise<InstrumentTable> {
  const kept = readInstruments(folder, (reason) => log.warn({ reason }, reason))
  const answers = new Map(
    await Promise.all([...rests].map(async ([venue, rest]) => [venue, await toldBy(venue, rest, signal)] as const)),
  )
  const told = new Map([...answers].flatMap(([venue, answer]) => (answer instanceof Error ? [] : [[venue, answer]])))
  const date = new Date(now()).toISOString().slice(0, 10)
  const resolved = assets.map((asset) =>
    resolveAsset(asset, told, date, (venue) => kept.get(venue)?.instruments.find((one) => one.asset === asset.id)),
  )
  const found = resolved.flatMap((one) => one.instruments)
  const venues: VenueFacts[] = []
  const instruments: Instrument[] = []
  const refused: Refusal[] = []
  const keep = new Map(kept)
  for (const [venue, answer] of answers) {
    const own = found.filter((instrument) => instrument.venue === venueId(venue))
    const fault = answer instanceof Error ? answer.message : fewFault(own, builtInInstruments(assets, venue))
    if (fault === undefined) {
      venues.push({ venue, origin: 'venue', date, reason: undefined })
      instruments.push(...own)
      refused.push(...resolved.flatMap((one) => one.refused.filter((refusal) => refusal.venue === venue)))
      keep.set(venue, { date, instruments: mergedWith(kept, venue, assets, own) })
      continue
    }
    const last = kept.get(venue)
    venues.push({
      venue,
      origin: last === undefined ? 'table' : 'cache',
      date: last?.date ?? builtInTable(assets, [venue]).venues[0]!.date,
      reason: fault,
    })
    const wanted = new Set(assets.map((asset) => asset.id))
    const rows = last?.instruments.filter((instrument) => wanted.has(instrument.asset))
    instruments.push(...(rows ?? builtInInstruments(assets, venue)))
  }
  if (told.size > 0) save(folder, keep, log)
  return { venues, instruments, refused }
}

async function toldBy(venue: VenueName, rest: Rest, signal: AbortSignal | undefined): Promise<Told | Error> {
  const directory = directories[venue]
  try {
    const listings = await directory.listings(rest, signal)
    const quotes = await directory.quotes(rest, [], signal)
    return { listings: new Map(listings.map((listing) => [listing.symbol, listing])), quotes }
  } catch (error) {
    if (error instanceof RestFailure) return error
    if (error instanceof FrameFault) return new Error(`its list of contracts is not as documented (${error.message})`)
    if (signal?.aborted) return signal.reason instanceof Error ? signal.reason : new Error('no answer in time')
    throw error
  }
}

/** A list without most of what we know is a list that broke off, not a day on which half the market was delisted. */
function fewFault(own: readonly Instrument[], known: readonly Instrument[]): string | undefined {
  return own.length < known.length / 2 ? `it lists only ${own.length} of ${known.length} known contracts` : undefined
}

/** Assets that were not asked for this time keep what was known of them. */
function mergedWith(
  kept: KeptInstruments,
  venue: VenueName,
  asked: readonly Asset[],
  own: readonly Instrument[],
): Instrument[] {
  const wanted = new Set(asked.map((asset) => asset.id))
  const others = kept.get(venue)?.instruments.filter((instrument) => !wanted.has(instrument.asset)) ?? []
  return [...own, ...others]
}

function save(folder: string, kept: KeptInstruments, log: Log): void {
  try {
    writeInstruments(folder, kept, (asset) => allAssets[asset]!.name)
  } catch (error) {
    // The next start asks again: that is all there is to lose.
    log.warn({ error }, `the instruments cannot be kept in ${folder}`)
  }
}
