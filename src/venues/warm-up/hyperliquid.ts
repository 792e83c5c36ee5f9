import { fieldsOf, listOf, numberOf } from '../mapper-fields.ts'
import { BAR_MS, type History, pages } from './history.ts'
import { checkedBar } from './rows.ts'

/** The most candles that there are of any interval, in one answer. */
const BARS_PER_PAGE = 5_000
const WEIGHT = 20
const ROWS_PER_WEIGHT = 60

/** Hyperliquid keeps no open interest of the past. */
export const hyperliquidHistory: History = {
  venue: 'hyperliquid',
  // One new bar costs half as much as all of them.
  barsMsMin: 3_600_000,

  async bars(rest, market, span, signal) {
    const bars = []
    for (const { fromMs, untilMs } of pages(span, BARS_PER_PAGE * BAR_MS)) {
      const req = { coin: market.symbol, interval: '5m', startTime: fromMs, endTime: untilMs - 1 }
      const weight = WEIGHT + Math.ceil((untilMs - fromMs) / BAR_MS / ROWS_PER_WEIGHT)
      const rows = listOf(await rest.ask({ path: '/info', body: { type: 'candleSnapshot', req }, weight }, signal))
      for (const row of rows.map(fieldsOf)) {
        const low = numberOf(row.l)
        const high = numberOf(row.h)
        const close = numberOf(row.c)
        // Only the coins are told: they were traded at about the middle of the bar.
        const volumeUsd = (numberOf(row.v) * (low + high + close)) / 3
        bars.push(checkedBar({ openMs: numberOf(row.t), low, high, close, volumeUsd }, market))
      }
    }
    return bars
  },
}
