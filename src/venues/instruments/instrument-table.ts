import { type Asset, assetsDate, type Instrument } from '../../model/assets.ts'
import { type VenueName, venueId } from '../../model/venues.ts'
import { type Market, marketOfInstrument } from '../mapper-market.ts'
import type { Refusal } from './resolve.ts'

/** Where the facts about one venue's instruments come from. */
export interface VenueFacts {
  readonly venue: VenueName
  /** `venue`: asked just now; `cache`: asked by an earlier run; `table`: built in. */
  readonly origin: 'venue' | 'cache' | 'table'
  /** Day of the facts. */
  readonly date: string
  /** Why the venue's own word is not to be had now. */
  readonly reason: string | undefined
}

/** What is known of the instruments of some assets on some venues. */
export interface InstrumentTable {
  readonly venues: readonly VenueFacts[]
  readonly instruments: readonly Instrument[]
  readonly refused: readonly Refusal[]
}

/** The built-in table: dated, and good enough to start with where a venue cannot be asked. */
export function builtInInstruments(assets: readonly Asset[], venue: VenueName): Instrument[] {
  return assets.flatMap((asset) => asset.instruments[venueId(venue)] ?? [])
}

export function builtInTable(assets: readonly Asset[], venues: readonly VenueName[]): InstrumentTable {
  return {
    venues: venues.map((venue) => ({ venue, origin: 'table', date: assetsDate, reason: undefined })),
    instruments: venues.flatMap((venue) => builtInInstruments(assets, venue)),
    refused: [],
  }
}

/** What the feeds of one venue work with. */
export function marketsOfTable(table: InstrumentTable, venue: VenueName): Market[] {
  const id = venueId(venue)
  return table.instruments.filter((instrument) => instrument.venue === id).map(marketOfInstrument)
}

export interface InstrumentChange {
  readonly asset: number
  readonly venue: number
  readonly symbol: string
  readonly what: string
}

/** What became different between two tables, for the log and for whoever holds subscriptions. */
export function changesBetween(before: InstrumentTable, after: InstrumentTable): InstrumentChange[] {
  const key = ({ asset, venue }: Instrument): string => `${asset}:${venue}`
  const old = new Map(before.instruments.map((instrument) => [key(instrument), instrument]))
  const changes: InstrumentChange[] = []
  const note = ({ asset, venue, symbol }: Instrument, what: string): void => {
    changes.push({ asset, venue, symbol, what })
  }
  for (const instrument of after.instruments) {
    const was = old.get(key(instrument))
    old.delete(key(instrument))
    if (was === undefined) note(instrument, 'listed')
    else {
      if (was.symbol !== instrument.symbol) note(instrument, `renamed from ${was.symbol}`)
      // 0.1 and 0.10 are the same step.
      if (was.tickSize !== instrument.tickSize) note(instrument, `tick ${was.tick} -> ${instrument.tick}`)
      if (was.coinsPerUnit !== instrument.coinsPerUnit) {
        note(instrument, `coins in a unit ${was.coinsPerUnit} -> ${instrument.coinsPerUnit}`)
      }
    }
  }
  for (const gone of old.values()) note(gone, 'delisted')
  return changes
}
