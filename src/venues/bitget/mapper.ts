import { PriceKind } from '../../model/events.ts'
import { createMapper, type Mapper, type MapperOptions } from '../mapper.ts'
import type { MapperContext } from '../mapper-context.ts'
import { type Fields, FrameFault, fieldsOf, listOf, longCounterOf, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import { Remembered } from '../remembered.ts'

const ROW = { price: 0, size: 1 } as const

/** What is told again after a reconnect, or twice, counts once. */
interface Seen {
  readonly trades: Remembered
  readonly liquidations: Remembered
}

type Topic = (symbol: string, frame: Fields, context: MapperContext, seen: Seen) => void

/** Topics of v3; v2 and v1 called some of them otherwise. Books of fixed depth come as snapshots each time. */
const topics: Readonly<Record<string, Topic>> = {
  books,
  books5: books,
  books15: books,
  books50: books,
  publicTrade: trades,
  trade: trades,
  liquidation: liquidations,
  ticker,
}

/** Our contracts under the names that three API versions have for them. */
const productTypes: readonly unknown[] = ['usdt-futures', 'USDT-FUTURES', 'mc']

/** Bitget v3 ("UTA"); v2 and v1 as far as recordings need them. */
export function createBitgetMapper(options: MapperOptions = {}): Mapper {
  const seen: Seen = { trades: new Remembered(), liquidations: new Remembered() }
  return createMapper(
    {
      venue: 'bitget',
      parse,
      message(message, context) {
        if (message === 'pong') return context.ignore()
        const frame = fieldsOf(message)
        if (frame.event !== undefined) {
          if (frame.event === 'error') context.counts.rejected++
          return context.ignore()
        }
        const arg = fieldsOf(frame.arg)
        const topic = topics[textOf(arg.topic ?? arg.channel)]
        if (topic === undefined) return context.ignore()
        if (!productTypes.includes(arg.instType)) {
          context.counts.unknown++
          return
        }
        // The liquidation topic covers all symbols and names none.
        topic(topic === liquidations ? '' : textOf(arg.symbol ?? arg.instId), frame, context, seen)
      },
      rest: (_kind, _symbol, _body, context) => context.ignore(),
      reset() {},
    },
    options,
  )
}

/** Sequence numbers have up to 19 digits and are sometimes sent bare: they are quoted before a parse can round them. */
function parse(raw: string): unknown {
  if (raw === 'pong') return raw
  return JSON.parse(raw.includes('"seq"') ? raw.replace(/"(p?seq)":\s*(\d+)/g, '"$1":"$2"') : raw)
}

function books(symbol: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbol)
  if (market === undefined) return
  context.book(market, (chain) => {
    for (const row of listOf(frame.data).map(fieldsOf)) {
      const levels = context.levels(market, row.b ?? row.bids, row.a ?? row.asks, ROW)
      const venueMs = numberOf(row.ts)
      const sequence = row.seq === undefined ? undefined : longCounterOf(row.seq)
      if (frame.action === 'snapshot') {
        chain.last = sequence ?? 0n
        chain.snapshot(levels, context.receiveMs, venueMs, context.out)
        continue
      }
      if (!chain.isLive) {
        context.counts.waiting++
        continue
      }
      if (sequence !== undefined && row.pseq !== undefined) {
        const last = BigInt(chain.last)
        // An update that ends before the snapshot is in it already.
        if (sequence <= last) {
          context.ignore()
          continue
        }
        const previous = longCounterOf(row.pseq)
        // The first update may begin before the snapshot; afterwards each names its predecessor. 0 announces a reset.
        if (previous === 0n || previous > last || (previous < last && !chain.isJoining)) return context.gap(chain)
        chain.last = sequence
      }
      chain.apply(levels, context.receiveMs, venueMs, context.out)
    }
  })
}

function trades(symbol: string, frame: Fields, context: MapperContext, seen: Seen): void {
  // The first push after subscribing is a snapshot of the past.
  if (frame.action === 'snapshot') {
    context.ignore()
    return
  }
  const market = context.market(symbol)
  if (market === undefined) return
  const rows = listOf(frame.data).map(tradeOf)
  if (rows.length === 0) {
    context.ignore()
    return
  }
  context.out.begin(market, context.receiveMs, rows[0]!.timeMs)
  for (const row of rows) {
    const isNews = row.id === undefined || seen.trades.isNew(market.symbol, textOf(row.id))
    if (isNews) context.trade(market, row.side, row.price, row.size, row.timeMs)
  }
  context.out.end()
}

interface Trade {
  /** v1 has none. */
  id: unknown
  timeMs: number
  price: unknown
  size: unknown
  side: number
}

/** v3 has short names, v2 long ones, v1 lists of time, price, size, side. */
function tradeOf(row: unknown): Trade {
  if (Array.isArray(row)) {
    const [time, price, size, side] = row as unknown[]
    return { id: undefined, timeMs: numberOf(time), price, size, side: sideOf(side, 'buy', 'sell') }
  }
  const fields = fieldsOf(row)
  return {
    id: fields.i ?? fields.tradeId,
    timeMs: numberOf(fields.T ?? fields.ts),
    price: fields.p ?? fields.price,
    size: fields.v ?? fields.size,
    side: sideOf(fields.S ?? fields.side, 'buy', 'sell'),
  }
}

function liquidations(_symbol: string, frame: Fields, context: MapperContext, seen: Seen): void {
  for (const row of listOf(frame.data).map(fieldsOf)) {
    const market = context.market(textOf(row.symbol))
    if (market === undefined) continue
    // The position's side: buy means that a long was liquidated.
    const side = sideOf(row.side, 'buy', 'sell')
    const timeMs = numberOf(row.ts)
    const price = numberOf(row.price)
    if (!(price > 0)) throw new FrameFault('no price')
    // `amount` is USDT, as documented: recorded ones divided by their price give whole lots, by themselves they do not.
    const size = numberOf(row.amount) / price
    const isNews = seen.liquidations.isNew(market.symbol, `${side} ${timeMs} ${price} ${size}`)
    if (isNews) context.liquidation(market, side, PriceKind.unstated, row.price, size, timeMs)
    else context.ignore()
  }
}

function ticker(symbol: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbol)
  if (market === undefined) return
  for (const row of listOf(frame.data).map(fieldsOf)) {
    const venueMs = numberOf(row.ts ?? row.systemTime ?? frame.ts)
    context.mark(market, row.markPrice, venueMs)
    // v3, v2 and v1 names of the same number; which sides it counts is not documented.
    context.openInterest(market, row.openInterest ?? row.holdingAmount ?? row.holding, true, venueMs)
  }
}
