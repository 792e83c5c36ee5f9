import type { MapperContext } from '../mapper-context.ts'
import { type Fields, fieldsOf, listOf, numberIfSaid, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import { Levels, readLevels } from '../mapper-levels.ts'
import type { Market } from '../mapper-market.ts'

const ROW = { price: 'price', size: 'size' } as const

/** Topics of the stream of 2019-2022 (wss://stream.bybit.com/realtime and realtime_public), known from recordings. */
export const inverseTopics: Readonly<Record<string, (name: string, frame: Fields, context: MapperContext) => void>> = {
  orderBookL2_25: orderBook,
  orderBook_200: orderBook,
  trade,
  instrument_info: instrumentInfo,
}

/** Symbols contain no point, topics end with one. */
export function symbolOf(topic: string): string {
  return topic.slice(topic.lastIndexOf('.') + 1)
}

function orderBook(name: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  context.book(market, (chain) => {
    const venueMs = timeOf(frame)
    if (frame.type === 'snapshot') {
      const data = Array.isArray(frame.data) ? frame.data : fieldsOf(frame.data)
      const rows = Array.isArray(data) ? data : ((data as Fields).order_book ?? (data as Fields).orderBook)
      // The topic's depth is not enforced: this stream sends a delete for each level that leaves its window.
      return chain.snapshot(levelsOf(rows, market, context), context.receiveMs, venueMs, context.out)
    }
    // There is no sequence to check: `cross_seq` only grows.
    if (!chain.isLive) {
      context.counts.waiting++
      return
    }
    const data = fieldsOf(frame.data)
    const gone = listOf(data.delete).map((row) => ({ ...fieldsOf(row), size: 0 }))
    const rows = [...gone, ...listOf(data.update ?? []), ...listOf(data.insert ?? [])]
    chain.apply(levelsOf(rows, market, context), context.receiveMs, venueMs, context.out)
  })
}

function levelsOf(rows: unknown, market: Market, context: MapperContext): Levels {
  const levels = new Levels()
  for (const row of listOf(rows)) {
    const side = sideOf(fieldsOf(row).side, 'Buy', 'Sell')
    context.counts.offGrid += readLevels(levels, side, [row], market, ROW)
  }
  return levels
}

function trade(name: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  const rows = listOf(frame.data).map(fieldsOf)
  if (rows.length === 0) {
    context.ignore()
    return
  }
  context.out.begin(market, context.receiveMs, tradeMs(rows[0]!))
  for (const row of rows) context.trade(market, sideOf(row.side, 'Buy', 'Sell'), row.price, row.size, tradeMs(row))
  context.out.end()
}

/** The whole state at first, then the fields that changed. Both kinds of prices and sizes are scaled in their names. */
function instrumentInfo(name: string, frame: Fields, context: MapperContext): void {
  const market = context.market(symbolOf(name))
  if (market === undefined) return
  const data = fieldsOf(frame.data)
  const venueMs = timeOf(frame)
  for (const row of Array.isArray(data.update) ? data.update.map(fieldsOf) : [data]) {
    const mark = scaled(row.mark_price ?? row.markPrice, row.mark_price_e4 ?? row.markPriceE4, 1e4)
    if (mark !== undefined) context.mark(market, mark, venueMs)
    const interest = scaled(row.open_interest, row.open_interest_e8 ?? row.openInterestE8, 1e8)
    // It counted both sides, as `openInterest` of v5 does.
    if (interest !== undefined) context.openInterest(market, interest / 2, true, venueMs)
  }
}

function scaled(plain: unknown, large: unknown, factor: number): number | undefined {
  const said = numberIfSaid(plain)
  if (said !== undefined) return said
  const scaledUp = numberIfSaid(large)
  return scaledUp === undefined ? undefined : scaledUp / factor
}

function timeOf(frame: Fields): number {
  return numberOf(frame.timestamp_e6 ?? frame.timestampE6) / 1000
}

function tradeMs(row: Fields): number {
  const said = row.trade_time_ms ?? row.tradeTimeMs
  // The oldest frames have only the text of a time; what it makes is checked like any number.
  return said === undefined ? numberOf(Date.parse(textOf(row.timestamp))) : numberOf(said)
}
