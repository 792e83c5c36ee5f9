import { PriceKind } from '../../model/events.ts'
import { createMapper, type Mapper, type MapperOptions } from '../mapper.ts'
import type { MapperContext } from '../mapper-context.ts'
import { counterOf, type Fields, fieldsOf, listOf, numberIfSaid, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import { Remembered } from '../remembered.ts'
import { inverseTopics, symbolOf } from './inverse.ts'

const ROW = { price: 0, size: 1 } as const

/** What was told before, of one mapper. */
interface Seen {
  readonly trades: Remembered
  readonly liquidations: Remembered
}

type Topic = (name: string, frame: Fields, context: MapperContext, seen: Seen) => void

/** By the first word of the topic: `orderbook.200.BTCUSDT`. */
const topics: Readonly<Record<string, Topic>> = {
  orderbook,
  publicTrade,
  allLiquidation: liquidations,
  // The feed before 2025: one liquidation a second, else the same meaning.
  liquidation: liquidations,
  tickers,
  ...inverseTopics,
}

/** Bybit v5 linear; in recordings also the inverse stream of 2019-2022. */
export function createBybitMapper(options: MapperOptions = {}): Mapper {
  const seen: Seen = { trades: new Remembered(), liquidations: new Remembered() }
  return createMapper(
    {
      venue: 'bybit',
      parse: JSON.parse,
      message(message, context) {
        const frame = fieldsOf(message)
        // Acknowledgements and pongs have no topic; a refusal says so.
        if (frame.topic === undefined) {
          if (frame.success === false) context.counts.rejected++
          return context.ignore()
        }
        const name = textOf(frame.topic)
        const topic = topics[name.slice(0, name.indexOf('.'))]
        if (topic === undefined) context.ignore()
        else topic(name, frame, context, seen)
      },
      rest: (_kind, _symbol, _body, context) => context.ignore(),
      reset() {},
    },
    options,
  )
}

function orderbook(name: string, frame: Fields, context: MapperContext): void {
  const depth = Number(name.split('.')[1])
  // Depth 1 is a best-price ticker, not a book.
  if (!(depth > 1)) {
    context.ignore()
    return
  }
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  context.book(market, (chain) => {
    const data = fieldsOf(frame.data)
    const update = counterOf(data.u)
    const levels = context.levels(market, data.b, data.a, ROW)
    // `cts` is the matching engine's time; frames before 2024 have only the time of sending.
    const venueMs = numberOf(frame.cts ?? frame.ts)
    // Update 1 is what a restarted service sends first: a whole book, whatever the type says.
    if (frame.type === 'snapshot' || update === 1) {
      chain.depth = depth
      chain.last = update
      return chain.snapshot(levels, context.receiveMs, venueMs, context.out)
    }
    if (!chain.isLive) {
      context.counts.waiting++
      return
    }
    const last = chain.last as number
    if (update === last) return context.ignore()
    if (update !== last + 1) return context.gap(chain)
    chain.last = update
    chain.apply(levels, context.receiveMs, venueMs, context.out)
  })
}

function publicTrade(name: string, frame: Fields, context: MapperContext, seen: Seen): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  const rows = listOf(frame.data).map(fieldsOf)
  if (rows.length === 0) {
    context.ignore()
    return
  }
  context.out.begin(market, context.receiveMs, numberOf(rows[0]!.T))
  for (const row of rows) {
    // Block trades are negotiated elsewhere and take nothing from the book.
    const isNews = row.BT !== true && (row.i === undefined || seen.trades.isNew(market.symbol, textOf(row.i)))
    if (isNews) context.trade(market, sideOf(row.S, 'Buy', 'Sell'), row.p, row.v, numberOf(row.T))
  }
  context.out.end()
}

function liquidations(name: string, frame: Fields, context: MapperContext, seen: Seen): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  for (const row of (Array.isArray(frame.data) ? frame.data : [frame.data]).map(fieldsOf)) {
    // The position's side: Buy means that a long was liquidated.
    const side = sideOf(row.S ?? row.side, 'Buy', 'Sell')
    const size = row.v ?? row.size ?? row.qty
    const timeMs = numberOf(row.T ?? row.updatedTime ?? row.time)
    const price = row.p ?? row.price
    if (!seen.liquidations.isNew(market.symbol, `${side} ${timeMs} ${price} ${size}`)) context.ignore()
    else context.liquidation(market, side, PriceKind.bankruptcy, price, size, timeMs)
  }
}

function tickers(name: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  const data = fieldsOf(frame.data)
  const venueMs = numberOf(frame.ts)
  context.mark(market, data.markPrice, venueMs)
  const single = numberIfSaid(data.singleOpenInterest)
  const both = numberIfSaid(data.openInterest)
  // `openInterest` counts longs and shorts, the single field one of them.
  const units = single ?? (both === undefined ? undefined : both / 2)
  if (units !== undefined) context.openInterest(market, units, false, venueMs)
}
