import type { VenueName } from '../../model/venues.ts'
import { type Fields, FrameFault } from '../mapper-fields.ts'
import type { Rest } from './rest.ts'

/** One perpetual contract as its venue lists it, linear and settled in a dollar coin. */
export interface Listing {
  /** The venue's own name, as sent on its streams. */
  readonly symbol: string
  /** The coin under the venue's name for it, multiple included: 1000PEPE, SHIB1000, kPEPE. */
  readonly base: string
  /**
   * Price step as quoted, as decimal text. Where it follows the price (Hyperliquid): of a given price, and not coarser than
   * the step that is in use (`before`) as long as that is fine enough, or a price near a border would change it each day.
   */
  tick(price: number, before?: string): string
  /** Coins of `base` in one unit of the size that the venue sends. */
  readonly contractValue: string
  /** Step of a size, in those units. */
  readonly quantityStep: string
  readonly leverageMax: number | undefined
  /** Maintenance-margin rate of the first tier where the listing tells it. */
  readonly maintenanceRate: number | undefined
  readonly state: ListingState
  /** False: a share, a metal, a future with a date, a market of somebody else's. */
  readonly isCrypto: boolean
}

/** `announced`: trading has not begun; `ending`: it has ended, or only closing is allowed. */
export type ListingState = 'trading' | 'announced' | 'ending'

/** What a venue says of all its contracts at once. */
export interface Quote {
  /** Mark price as quoted (for the symbol's multiple). */
  readonly mark: number
  /** Open interest in the venue's units of size, one-sided as far as the venue tells; 0 where not asked for or not told. */
  readonly openInterest: number
}

/** How one venue is asked for its instruments. A new venue: a file like the others and a line in `directories.ts`. */
export interface Directory {
  readonly venue: VenueName
  listings(rest: Rest, signal?: AbortSignal): Promise<Listing[]>
  /** Quotes by symbol. Open interest of `symbols` where it has to be asked for one by one. */
  quotes(rest: Rest, symbols: readonly string[], signal?: AbortSignal): Promise<Map<string, Quote>>
  /** The venue's clock, milliseconds since 1970. */
  clock(rest: Rest, signal?: AbortSignal): Promise<number>
}

/** Rows that have another shape than the rest are contracts of a new sort: left out. All of them: the answer is none. */
export function readListings(rows: readonly Fields[], read: (row: Fields) => Listing): Listing[] {
  let fault: FrameFault | undefined
  const listings = rows.flatMap((row) => {
    try {
      return [read(row)]
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error
      fault = error
      return []
    }
  })
  if (listings.length === 0 && fault !== undefined) throw fault
  return listings
}
