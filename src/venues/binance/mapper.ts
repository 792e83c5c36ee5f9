import { PriceKind } from '../../model/events.ts'
import { limits } from '../../model/limits.ts'
import type { BookChain } from '../book-chain.ts'
import { createMapper, type Mapper, type MapperOptions, type Protocol, type RestKind } from '../mapper.ts'
import type { MapperContext } from '../mapper-context.ts'
import { counterOf, type Fields, fieldsOf, listOf, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import type { Levels } from '../mapper-levels.ts'
import { Remembered } from '../remembered.ts'

const ROW = { price: 0, size: 1 } as const

/** One depth update, read and waiting. */
interface Diff {
  readonly first: number
  readonly last: number
  /** `last` of the update before this one. */
  readonly previous: number
  readonly venueMs: number
  readonly levels: Levels
}

/** A book that is being put together from a REST snapshot and the stream. */
interface Splice {
  /** Updates from before the snapshot came. */
  waiting: Diff[]
  /** A snapshot was asked for. */
  isAsked: boolean
}

/** Binance USD-M; in recordings also COIN-M and spot, whose frames differ in little. */
export function createBinanceMapper(options: MapperOptions = {}): Mapper {
  const splices = new Map<BookChain, Splice>()
  const trades = new Remembered()
  const liquidations = new Remembered()

  const protocol: Protocol = {
    venue: 'binance',
    parse: JSON.parse,
    message(message, context) {
      if (Array.isArray(message)) {
        for (const one of message) event(fieldsOf(one), context)
        return
      }
      const envelope = fieldsOf(message)
      if (Array.isArray(envelope.data)) for (const one of envelope.data) event(fieldsOf(one), context)
      else event('data' in envelope ? fieldsOf(envelope.data) : envelope, context)
    },
    rest,
    reset: () => splices.clear(),
  }

  function event(fields: Fields, context: MapperContext): void {
    switch (fields.e) {
      case 'depthUpdate':
        depth(fields, context)
        return
      case 'aggTrade':
        trade(fields, trades, context)
        return
      case 'trade':
        // Others are fills of the insurance fund, deleveraging and retail orders outside the book.
        if (fields.X === undefined || fields.X === 'MARKET') trade(fields, trades, context)
        else context.ignore()
        return
      case 'forceOrder':
        forceOrder(fieldsOf(fields.o), liquidations, context)
        return
      case 'markPriceUpdate': {
        const market = context.market(textOf(fields.s))
        if (market !== undefined) context.mark(market, fields.p, numberOf(fields.E))
        return
      }
      default:
        context.ignore()
        return
    }
  }

  function depth(fields: Fields, context: MapperContext): void {
    const market = context.market(textOf(fields.s))
    if (market === undefined) return
    context.book(market, (chain) => {
      const first = counterOf(fields.U)
      const diff: Diff = {
        first,
        last: counterOf(fields.u),
        // Spot has no `pu`; its updates follow each other without a hole.
        previous: fields.pu === undefined ? first - 1 : counterOf(fields.pu),
        venueMs: numberOf(fields.T ?? fields.E),
        levels: context.levels(market, fields.b, fields.a, ROW),
      }
      const splice = spliceOf(chain)
      if (chain.isLive) follow(chain, splice, diff, context)
      else wait(chain, splice, diff, context)
    })
  }

  function wait(chain: BookChain, splice: Splice, diff: Diff, context: MapperContext): void {
    context.counts.waiting++
    if (!splice.isAsked) context.resync(chain)
    splice.isAsked = true
    splice.waiting.push(diff)
    if (splice.waiting.length > limits.bookDiffsMax) splice.waiting.shift()
  }

  /** Applies an update to a live book, or finds the gap. */
  function follow(chain: BookChain, splice: Splice, diff: Diff, context: MapperContext): void {
    const last = chain.last as number
    if (chain.isJoining ? diff.last < last : diff.last <= last) {
      context.ignore()
      return
    }
    const joins = chain.isJoining ? joinsSnapshot(diff, last) : diff.previous === last
    if (!joins) {
      context.gap(chain)
      splice.waiting = [diff]
      splice.isAsked = true
      return
    }
    chain.last = diff.last
    chain.apply(diff.levels, context.receiveMs, diff.venueMs, context.out)
  }

  function snapshot(symbol: string, body: Fields, context: MapperContext): void {
    const market = context.market(symbol)
    if (market === undefined) return
    context.book(market, (chain) => {
      const levels = context.levels(market, body.bids, body.asks, ROW)
      const id = counterOf(body.lastUpdateId)
      const splice = spliceOf(chain)
      if (chain.isLive && id < (chain.last as number)) return context.ignore()
      const diffs = splice.waiting.filter((diff) => diff.last >= id)
      const start = diffs[0]
      if (start !== undefined && !joinsSnapshot(start, id)) {
        splice.waiting = diffs
        return context.resync(chain)
      }
      const venueMs = body.T === undefined ? context.receiveMs : numberOf(body.T)
      chain.snapshot(levels, context.receiveMs, venueMs, context.out)
      chain.last = id
      splice.waiting = []
      splice.isAsked = false
      for (const diff of diffs) {
        if (chain.isLive) follow(chain, splice, diff, context)
        else splice.waiting.push(diff)
      }
    })
  }

  function spliceOf(chain: BookChain): Splice {
    let splice = splices.get(chain)
    if (splice === undefined) splices.set(chain, (splice = { waiting: [], isAsked: false }))
    return splice
  }

  function rest(kind: RestKind, symbol: string, body: unknown, context: MapperContext): void {
    if (kind === 'book') {
      snapshot(symbol, fieldsOf(body), context)
      return
    }
    if (kind !== 'openInterest' && kind !== 'markPrice') {
      context.ignore()
      return
    }
    for (const row of Array.isArray(body) ? listOf(body) : [body]) {
      const fields = fieldsOf(row)
      const market = context.market(textOf(fields.symbol))
      if (market === undefined) continue
      if (kind === 'openInterest') context.openInterest(market, fields.openInterest, false, numberOf(fields.time))
      else context.mark(market, fields.markPrice, numberOf(fields.time))
    }
  }

  return createMapper(protocol, options)
}

/** May an update be the first one after the snapshot of this number? */
function joinsSnapshot(diff: Diff, id: number): boolean {
  return (diff.first <= id && diff.last >= id) || diff.previous === id
}

function trade(fields: Fields, seen: Remembered, context: MapperContext): void {
  const market = context.market(textOf(fields.s))
  if (market === undefined) return
  // `a` numbers rows of one price and taker, `t` single fills.
  const id = fields.a ?? fields.t
  if (id !== undefined && !seen.isNew(market.symbol, counterOf(id))) {
    context.ignore()
    return
  }
  const venueMs = numberOf(fields.T)
  context.out.begin(market, context.receiveMs, venueMs)
  // `m`: the buyer was the maker, so the taker sold.
  context.trade(market, sideOf(fields.m, false, true), fields.p, fields.q, venueMs)
  context.out.end()
}

function forceOrder(order: Fields, seen: Remembered, context: MapperContext): void {
  const market = context.market(textOf(order.s))
  if (market === undefined) return
  if (!seen.isNew(market.symbol, `${order.S} ${order.T} ${order.p} ${order.ap} ${order.z}`)) {
    context.ignore()
    return
  }
  // The order that closes: it sells what was long.
  const side = sideOf(order.S, 'SELL', 'BUY')
  const filled = numberOf(order.ap)
  const price = filled > 0 ? order.ap : order.p
  const kind = filled > 0 ? PriceKind.fill : PriceKind.bankruptcy
  context.liquidation(market, side, kind, price, order.z, numberOf(order.T))
}
