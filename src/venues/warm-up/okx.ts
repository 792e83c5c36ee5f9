import { FrameFault, fieldsOf, listOf, numberOf } from '../mapper-fields.ts'
import { backwards, type History, pages } from './history.ts'
import { barOf } from './rows.ts'

const BARS_PER_PAGE = 300
const READINGS_PER_PAGE = 100
const HOUR_MS = 3_600_000
const KEYS = { time: 0, high: 2, low: 3, close: 4, volumeUsd: 7 } as const
/** Columns of a row of open interest: time, contracts, coins, USD. */
const TIME = 0
const COINS = 2

export const okxHistory: History = {
  venue: 'okx',
  barsMsMin: 0,

  bars(rest, market, span, signal) {
    return backwards(
      span,
      async (untilMs) => {
        // `after` means older than.
        const query = { instId: market.symbol, bar: '5m', after: untilMs, limit: BARS_PER_PAGE }
        const body = fieldsOf(await rest.ask({ path: '/api/v5/market/history-candles', query }, signal))
        return listOf(body.data).map((row) => barOf(row, KEYS, market))
      },
      (bar) => bar.openMs,
    )
  },

  async readings(rest, market, span, signal) {
    // `oiCcy` is in coins: no contract value comes in. An inverse contract would need another column.
    if (market.isInverse) throw new FrameFault('an inverse contract')
    const readings = []
    for (const { fromMs, untilMs } of pages(span, READINGS_PER_PAGE * HOUR_MS)) {
      const query = { instId: market.symbol, period: '1H', begin: fromMs, end: untilMs, limit: READINGS_PER_PAGE }
      const path = '/api/v5/rubik/stat/contracts/open-interest-history'
      const body = fieldsOf(await rest.ask({ path, query, budget: 'statistics' }, signal))
      for (const row of listOf(body.data).map(listOf)) {
        readings.push({ atMs: numberOf(row[TIME]), coins: numberOf(row[COINS]) * market.multiplier })
      }
    }
    return readings
  },
}
