import { PriceKind } from '../../model/events.ts'
import { limits } from '../../model/limits.ts'
import { createMapper, type Mapper, type MapperOptions } from '../mapper.ts'
import type { MapperContext } from '../mapper-context.ts'
import { type Fields, fieldsOf, listOf, longCounterOf, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import { Remembered } from '../remembered.ts'

const ROW = { price: 0, size: 1 } as const

/** What is told again after a reconnect, or twice, counts once. */
interface Seen {
  readonly trades: Remembered
  readonly liquidations: Remembered
}

type Channel = (arg: Fields, frame: Fields, context: MapperContext, seen: Seen) => void

const channels: Readonly<Record<string, Channel>> = {
  books,
  'books-l2-tbt': books,
  'books50-l2-tbt': books,
  trades,
  'trades-all': trades,
  'liquidation-orders': liquidationOrders,
  'open-interest': openInterest,
  'mark-price': markPrice,
}

/** Levels a side of each book channel. */
const depths: Readonly<Record<string, number>> = { books: 400, 'books-l2-tbt': 400, 'books50-l2-tbt': 50 }

/** OKX v5. Sizes are contracts; the market's `perUnit` holds the contract value. */
export function createOkxMapper(options: MapperOptions = {}): Mapper {
  const seen: Seen = { trades: new Remembered(), liquidations: new Remembered() }
  return createMapper(
    {
      venue: 'okx',
      parse,
      message(message, context) {
        if (message === 'pong') return context.ignore()
        const frame = fieldsOf(message)
        if (frame.event !== undefined) {
          if (frame.event === 'error') context.counts.rejected++
          return context.ignore()
        }
        const arg = fieldsOf(frame.arg)
        const channel = channels[textOf(arg.channel)]
        if (channel === undefined) context.ignore()
        else channel(arg, frame, context, seen)
      },
      rest(kind, _symbol, body, context) {
        if (kind === 'openInterest') openInterest({}, fieldsOf(body), context)
        else context.ignore()
      },
      reset() {},
    },
    options,
  )
}

/** Sequence numbers are 64 bit and sent bare, so a plain parse would round them: they are quoted first. */
function parse(raw: string): unknown {
  if (raw === 'pong') return raw
  return JSON.parse(raw.includes('"seqId"') ? raw.replace(/"(seqId|prevSeqId)":\s*(-?\d+)/g, '"$1":"$2"') : raw)
}

function books(arg: Fields, frame: Fields, context: MapperContext): void {
  const market = context.market(textOf(arg.instId))
  if (market === undefined) return
  context.book(market, (chain) => {
    for (const row of listOf(frame.data).map(fieldsOf)) {
      const levels = context.levels(market, row.bids, row.asks, ROW)
      const venueMs = numberOf(row.ts)
      // Frames before 2023 have a checksum and no sequence; since 2026 the checksum is a constant 0.
      const sequence = row.seqId === undefined ? undefined : longCounterOf(row.seqId)
      if (frame.action === 'snapshot') {
        chain.depth = depths[textOf(arg.channel)]!
        chain.last = sequence ?? 0n
        chain.snapshot(levels, context.receiveMs, venueMs, context.out)
        continue
      }
      if (!chain.isLive) {
        context.counts.waiting++
        continue
      }
      if (sequence !== undefined) {
        const previous = longCounterOf(row.prevSeqId)
        // The last frame once more.
        if (sequence === chain.last && previous !== sequence) {
          context.ignore()
          continue
        }
        // A keep-alive repeats the number, a maintenance reset lowers it; both name the last one as their predecessor.
        if (previous !== chain.last) return context.gap(chain)
        if (sequence < BigInt(chain.last)) context.resync(chain)
        chain.last = sequence
      }
      chain.apply(levels, context.receiveMs, venueMs, context.out)
    }
  })
}

function trades(arg: Fields, frame: Fields, context: MapperContext, seen: Seen): void {
  const market = context.market(textOf(arg.instId))
  if (market === undefined) return
  const rows = listOf(frame.data).map(fieldsOf)
  if (rows.length === 0) {
    context.ignore()
    return
  }
  context.out.begin(market, context.receiveMs, numberOf(rows[0]!.ts))
  for (const row of rows) {
    const side = sideOf(row.side, 'buy', 'sell')
    const isNews = row.tradeId === undefined || seen.trades.isNew(market.symbol, textOf(row.tradeId))
    if (isNews) context.trade(market, side, row.px, row.sz, numberOf(row.ts))
  }
  context.out.end()
}

function liquidationOrders(_arg: Fields, frame: Fields, context: MapperContext, seen: Seen): void {
  for (const row of listOf(frame.data).map(fieldsOf)) {
    const market = context.market(textOf(row.instId))
    if (market === undefined) continue
    for (const detail of listOf(row.details).map(fieldsOf)) {
      const timeMs = numberOf(detail.ts)
      // The first frame after connecting repeats the past.
      const id = `${detail.side} ${detail.posSide} ${timeMs} ${detail.bkPx} ${detail.sz}`
      if (context.receiveMs - timeMs > limits.liquidationAgeMsMax || !seen.liquidations.isNew(market.symbol, id)) {
        context.ignore()
        continue
      }
      // The order that closes: it sells what was long. `posSide` may be `net` and tells nothing then.
      const side = sideOf(detail.side, 'sell', 'buy')
      context.liquidation(market, side, PriceKind.bankruptcy, detail.bkPx, detail.sz, timeMs)
    }
  }
}

function openInterest(_arg: Fields, frame: Fields, context: MapperContext): void {
  for (const row of listOf(frame.data).map(fieldsOf)) {
    const market = context.market(textOf(row.instId))
    // `oiCcy` is in coins already. That it counts one side is said by third parties only.
    if (market !== undefined) context.openInterestCoins(market, numberOf(row.oiCcy), true, numberOf(row.ts))
  }
}

function markPrice(_arg: Fields, frame: Fields, context: MapperContext): void {
  for (const row of listOf(frame.data).map(fieldsOf)) {
    const market = context.market(textOf(row.instId))
    if (market !== undefined) context.mark(market, row.markPx, numberOf(row.ts))
  }
}
