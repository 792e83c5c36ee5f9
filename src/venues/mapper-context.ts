import { assert } from '../model/errors.ts'
import { EventKind } from '../model/events.ts'
import { BookChain } from './book-chain.ts'
import { FrameFault, numberIfSaid, numberOf } from './mapper-fields.ts'
import { Levels, type RowKeys, readLevels, tickOf } from './mapper-levels.ts'
import { coinsOf, type Market } from './mapper-market.ts'
import type { BatchOut } from './mapper-out.ts'

/** What a protocol works with while it maps: the table, the books, the output, and the counts. */
export class MapperContext {
  readonly counts = { frames: 0, rejected: 0, ignored: 0, unknown: 0, gaps: 0, waiting: 0, offGrid: 0 }
  readonly #markets: ReadonlyMap<string, Market>
  readonly #chains = new Map<Market, BookChain>()
  /** The symbol that speaks for an asset: a second one of the same asset would mix two books. */
  readonly #speakers = new Map<number, Market>()
  readonly #marks = new Map<Market, number>()
  readonly #resync: ((symbol: string) => void) | undefined
  #out: BatchOut | undefined
  receiveMs = 0

  constructor(markets: readonly Market[], resync: ((symbol: string) => void) | undefined) {
    this.#markets = new Map(markets.map((market) => [market.symbol, market]))
    this.#resync = resync
  }

  get out(): BatchOut {
    assert(this.#out !== undefined, 'a frame is being mapped')
    return this.#out
  }

  set out(out: BatchOut) {
    this.#out = out
  }

  /** The market of a symbol as sent; undefined (and counted) where the table has none. */
  market(symbol: string): Market | undefined {
    const market = this.#markets.get(symbol)
    if (market !== undefined) {
      const speaker = this.#speakers.get(market.asset)
      if (speaker === undefined) this.#speakers.set(market.asset, market)
      if (speaker === undefined || speaker === market) return market
    }
    this.counts.unknown++
    return undefined
  }

  chain(market: Market): BookChain {
    let chain = this.#chains.get(market)
    if (chain === undefined) this.#chains.set(market, (chain = new BookChain(market)))
    return chain
  }

  /** The chain of a symbol, if anything of its book came. */
  chainOf(symbol: string): BookChain | undefined {
    const market = this.#markets.get(symbol)
    return market === undefined ? undefined : this.#chains.get(market)
  }

  /** The markets of which something came. */
  heard(): Iterable<Market> {
    return this.#speakers.values()
  }

  chains(): Iterable<BookChain> {
    return this.#chains.values()
  }

  ignore(): void {
    this.counts.ignored++
  }

  /** Maps one frame of a book. A frame that cannot be read breaks the book's chain like one that never came. */
  book(market: Market, work: (chain: BookChain) => void): void {
    const chain = this.chain(market)
    try {
      work(chain)
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error
      this.out.discard()
      this.gap(chain)
      throw error
    }
  }

  levels(market: Market, bids: unknown, asks: unknown, keys: RowKeys): Levels {
    const levels = new Levels()
    this.counts.offGrid += readLevels(levels, 0, bids, market, keys) + readLevels(levels, 1, asks, market, keys)
    return levels
  }

  /** The book is lost, if it was live, and a new snapshot is asked for. */
  gap(chain: BookChain): void {
    if (chain.isLive) this.counts.gaps++
    chain.lose(this.receiveMs, this.out)
    this.resync(chain)
  }

  resync(chain: BookChain): void {
    this.#resync?.(chain.market.symbol)
  }

  /** `side`: 0 the taker bought, 1 sold. */
  trade(market: Market, side: number, price: unknown, size: unknown, timeMs: number): void {
    const tick = tickOf(price, market)
    this.out.add(EventKind.trade, side, tick, coinsOf(market, numberOf(size), tick), timeMs)
  }

  /** A batch of its own. `side`: the position closed was 0 long, 1 short. */
  liquidation(market: Market, side: number, kind: number, price: unknown, size: unknown, timeMs: number): void {
    const tick = tickOf(price, market)
    this.single(market, timeMs, EventKind.liquidation, side | (kind << 1), tick, coinsOf(market, numberOf(size), tick))
  }

  /** Mark price as quoted (for `multiplier` coins); nothing where the venue does not say it. */
  mark(market: Market, price: unknown, timeMs: number): void {
    const said = numberIfSaid(price)
    if (said === undefined) return
    this.#marks.set(market, said)
    this.single(market, timeMs, EventKind.markPrice, 0, 0, said / market.multiplier)
  }

  /** Open interest in units of size, one-sided. `isUnverified`: the venue does not say which sides it counts. */
  openInterest(market: Market, units: unknown, isUnverified: boolean, timeMs: number): void {
    const said = numberIfSaid(units)
    if (said === undefined) return
    const mark = this.#marks.get(market)
    // Inverse contracts are USD: without a price there is no telling how many coins they are.
    if (market.isInverse && mark === undefined) {
      this.ignore()
      return
    }
    const ticks = (mark ?? 0) / market.multiplier / market.tickSize
    this.openInterestCoins(market, coinsOf(market, said, ticks), isUnverified, timeMs)
  }

  openInterestCoins(market: Market, coins: number, isUnverified: boolean, timeMs: number): void {
    this.single(market, timeMs, EventKind.openInterest, isUnverified ? 1 : 0, 0, coins)
  }

  single(market: Market, timeMs: number, kind: number, flags: number, tick: number, value: number): void {
    this.out.begin(market, this.receiveMs, timeMs)
    this.out.add(kind, flags, tick, value)
    this.out.end()
  }
}
