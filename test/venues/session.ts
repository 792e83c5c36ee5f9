import type { AssetId, VenueId } from '../../src/model/units.ts'
import { type VenueName, venueId } from '../../src/model/venues.ts'
import type { Mapper, MapperOptions, RestKind } from '../../src/venues/mapper.ts'
import { type Market, marketOf } from '../../src/venues/mapper-market.ts'
import { BatchOut } from '../../src/venues/mapper-out.ts'
import { type Decoded, decode } from './decode.ts'

/** A mapper, fed by hand: each call returns the records that it led to. */
export interface Session {
  readonly mapper: Mapper
  /** Symbols for which a new snapshot was asked for, in order. */
  readonly resyncs: string[]
  frame(frame: unknown, receiveMs: number): Decoded[]
  rest(kind: RestKind, symbol: string, body: unknown, receiveMs: number): Decoded[]
  reset(receiveMs: number): Decoded[]
  refresh(receiveMs: number): Decoded[]
  heartbeat(receiveMs: number): Decoded[]
}

export function openSession(create: (options: MapperOptions) => Mapper, markets?: readonly Market[]): Session {
  const resyncs: string[] = []
  const mapper = create({ ...(markets ? { markets } : {}), resync: (symbol) => resyncs.push(symbol) })
  const out = new BatchOut()
  const taken = () => decode(out.take().slice())
  const text = (frame: unknown) => (typeof frame === 'string' ? frame : JSON.stringify(frame))
  const run = (work: () => void): Decoded[] => {
    work()
    return taken()
  }
  return {
    mapper,
    resyncs,
    frame: (frame, receiveMs) => run(() => mapper.frame(text(frame), receiveMs, out)),
    rest: (kind, symbol, body, receiveMs) => run(() => mapper.rest(kind, symbol, text(body), receiveMs, out)),
    reset: (receiveMs) => run(() => mapper.reset(receiveMs, out)),
    refresh: (receiveMs) => run(() => mapper.refresh(receiveMs, out)),
    heartbeat: (receiveMs) => run(() => mapper.heartbeat(receiveMs, out)),
  }
}

/** A market for a symbol of a fixture that the table does not have. Sizes stay as they are. */
export function plainMarket(venue: VenueName, symbol: string, tick: string): Market {
  const id = venueId(venue) as VenueId
  return marketOf({ asset: 0 as AssetId, venue: id, symbol, multiplier: 1, tick, perUnit: 1, isInverse: false })
}
