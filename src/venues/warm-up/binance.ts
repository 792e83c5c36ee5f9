import { fieldsOf, listOf, numberOf } from '../mapper-fields.ts'
import { BAR_MS, type History, pages } from './history.ts'
import { barOf } from './rows.ts'

/** Below 500 rows a request weighs 2, beyond 1,000 it weighs 10: three small ones cost less than one large. */
const BARS_PER_PAGE = 480
const BARS_WEIGHT = 2
const READINGS_PER_PAGE = 500
const HOUR_MS = 3_600_000
const KEYS = { time: 0, high: 2, low: 3, close: 4, volumeUsd: 7 } as const

export const binanceHistory: History = {
  venue: 'binance',
  barsMsMin: 0,

  async bars(rest, market, span, signal) {
    const bars = []
    for (const { fromMs, untilMs } of pages(span, BARS_PER_PAGE * BAR_MS)) {
      const query = {
        symbol: market.symbol,
        interval: '5m',
        startTime: fromMs,
        endTime: untilMs - 1,
        limit: BARS_PER_PAGE,
      }
      const rows = listOf(await rest.ask({ path: '/fapi/v1/klines', query, weight: BARS_WEIGHT }, signal))
      bars.push(...rows.map((row) => barOf(row, KEYS, market)))
    }
    return bars
  },

  async readings(rest, market, span, signal) {
    const readings = []
    for (const { fromMs, untilMs } of pages(span, READINGS_PER_PAGE * HOUR_MS)) {
      const query = {
        symbol: market.symbol,
        period: '1h',
        startTime: fromMs,
        endTime: untilMs,
        limit: READINGS_PER_PAGE,
      }
      const rows = listOf(await rest.ask({ path: '/futures/data/openInterestHist', query, budget: 'data' }, signal))
      for (const row of rows.map(fieldsOf)) {
        const coins = numberOf(row.sumOpenInterest) * market.perUnit
        readings.push({ atMs: numberOf(row.timestamp), coins })
      }
    }
    return readings
  },
}
