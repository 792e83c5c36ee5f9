import type { Market } from '../../../src/venues/mapper-market.ts'

/** Something that happened on the sample market. Ticks and units are whole; `price` and `size` make text of them. */
export type MarketEvent =
  | { readonly kind: 'depth'; readonly of: SampleBook; readonly changes: readonly Change[] }
  | { readonly kind: 'trade'; readonly of: SampleBook; readonly print: Print }
  | { readonly kind: 'liquidation'; readonly of: SampleBook; readonly print: Print }
  /** Mark price and open interest as of now. */
  | { readonly kind: 'ticker'; readonly of: SampleBook }

/** Units 0 remove the level. */
export interface Change {
  /** 0 bid, 1 ask. */
  readonly side: 0 | 1
  readonly tick: number
  readonly units: number
}

export interface Print {
  /** The taker 0 bought, 1 sold; of a liquidation the position closed: 0 long, 1 short. */
  readonly side: 0 | 1
  readonly tick: number
  readonly units: number
  readonly id: number
}

/** Sizes are whole thousandths. */
const UNIT_DIGITS = 3
const LEVELS = 40
const UNITS_MAX = 5_000

export class SampleBook {
  readonly market: Market
  readonly sides: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()]
  /** Number of the last depth event. */
  update = 1
  /** Lowest ask; bids are below it. */
  mid: number
  openUnits = 5_000_000
  isListed = true
  /** The venue's tick is half of what its list said: new levels lie on halves too. */
  isFine = false

  constructor(market: Market, mid: number, random: () => number) {
    this.market = market
    this.mid = mid
    for (let i = 0; i < LEVELS; i++) {
      this.sides[0].set(mid - 1 - i, unitsOf(random))
      this.sides[1].set(mid + i, unitsOf(random))
    }
  }

  get symbol(): string {
    return this.market.symbol
  }

  price(tick: number): string {
    const { step, scale } = this.market.grid
    return (tick * step * 10 ** -scale).toFixed(Number.isInteger(tick) ? scale : scale + 1)
  }

  size(units: number): string {
    return (units / 10 ** UNIT_DIGITS).toFixed(UNIT_DIGITS)
  }

  /** `[price, size]` of a side, best first. */
  rows(side: 0 | 1, depth = Number.POSITIVE_INFINITY): [string, string][] {
    const ticks = [...this.sides[side].keys()].sort((a, b) => (side === 0 ? b - a : a - b)).slice(0, depth)
    return ticks.map((tick) => [this.price(tick), this.size(this.sides[side].get(tick)!)])
  }

  /** `side:tick` to coins: what a reader of the events must end with. */
  truth(): Map<string, number> {
    const levels = new Map<string, number>()
    for (const side of [0, 1] as const) {
      for (const [tick, units] of this.sides[side]) {
        // Half a tick belongs to the next whole one.
        const key = `${side}:${Math.round(tick)}`
        levels.set(key, (levels.get(key) ?? 0) + Number(this.size(units)) * this.market.perUnit)
      }
    }
    return levels
  }
}

/** A small market with a true state, for venues that play it over the wire. */
export class SampleMarket {
  readonly books: readonly SampleBook[]
  readonly #random: () => number
  /** Trades and liquidations so far. */
  prints = 0

  constructor(markets: readonly Market[], random: () => number) {
    this.#random = random
    this.books = markets.map((market) => new SampleBook(market, 10_000 + Math.floor(random() * 50_000), random))
  }

  book(symbol: string): SampleBook | undefined {
    return this.books.find((book) => book.symbol.toLowerCase() === symbol.toLowerCase() && book.isListed)
  }

  /** A little of everything, of every symbol that is listed. */
  step(): MarketEvent[] {
    return this.books.flatMap((of) => {
      if (!of.isListed) return []
      const events: MarketEvent[] = [{ kind: 'depth', of, changes: this.#move(of) }]
      if (this.#random() < 0.5) events.push({ kind: 'trade', of, print: this.#print(of) })
      if (this.#random() < 0.05) events.push({ kind: 'liquidation', of, print: this.#print(of) })
      events.push({ kind: 'ticker', of })
      return events
    })
  }

  /** Nothing happens, which venues say too. */
  stand(): MarketEvent[] {
    return this.books
      .filter((of) => of.isListed)
      .flatMap((of) => {
        of.update++
        return [
          { kind: 'depth', of, changes: [] },
          { kind: 'ticker', of },
        ]
      })
  }

  /** A depth event of so many levels of one book. */
  depth(of: SampleBook, levels: number): MarketEvent {
    return { kind: 'depth', of, changes: this.#move(of, levels) }
  }

  /** What happens beside the depth of one book: a trade, and its prices. */
  extras(of: SampleBook): MarketEvent[] {
    return [
      { kind: 'trade', of, print: this.#print(of) },
      { kind: 'ticker', of },
    ]
  }

  #move(of: SampleBook, levels = 6): Change[] {
    const changes: Change[] = []
    const set = (side: 0 | 1, tick: number, units: number): void => {
      const book = of.sides[side]
      if (units > 0) book.set(tick, units)
      else if (!book.delete(tick)) return
      changes.push({ side, tick, units })
    }
    const drift = Math.floor(this.#random() * 3) - 1
    if (drift > 0) {
      set(1, of.mid, 0)
      of.mid++
      // What lay between two ticks would be on the wrong side of the market with the next step.
      set(1, of.mid - 0.5, 0)
      set(0, of.mid - 1, unitsOf(this.#random))
    } else if (drift < 0) {
      of.mid--
      set(0, of.mid - 0.5, 0)
      set(0, of.mid, 0)
      set(1, of.mid, unitsOf(this.#random))
    }
    for (let i = changes.length; i < levels; i++) {
      const side = this.#random() < 0.5 ? 0 : 1
      const away = Math.floor(this.#random() * LEVELS)
      const part = of.isFine && away > 1 && this.#random() < 0.5 ? 0.5 : 0
      set(
        side,
        side === 0 ? of.mid - 1 - away + part : of.mid + away - part,
        this.#random() < 0.2 ? 0 : unitsOf(this.#random),
      )
    }
    of.update++
    return changes
  }

  #print(of: SampleBook): Print {
    const side = this.#random() < 0.5 ? 0 : 1
    return { side, tick: side === 0 ? of.mid : of.mid - 1, units: unitsOf(this.#random), id: ++this.prints }
  }
}

function unitsOf(random: () => number): number {
  return 1 + Math.floor(random() * UNITS_MAX)
}
