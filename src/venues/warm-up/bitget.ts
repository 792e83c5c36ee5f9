import { fieldsOf, listOf } from '../mapper-fields.ts'
import { backwards, type History } from './history.ts'
import { barOf } from './rows.ts'

/** The page that the documents promise; whatever the venue makes of it is followed. */
const BARS_PER_PAGE = 100
const KEYS = { time: 0, high: 2, low: 3, close: 4, volumeUsd: 6 } as const

/** Bitget keeps no open interest of the past. */
export const bitgetHistory: History = {
  venue: 'bitget',
  barsMsMin: 0,

  bars(rest, market, span, signal) {
    return backwards(
      span,
      async (untilMs) => {
        const query = {
          category: 'USDT-FUTURES',
          symbol: market.symbol,
          interval: '5m',
          endTime: untilMs - 1,
          limit: BARS_PER_PAGE,
        }
        const body = fieldsOf(await rest.ask({ path: '/api/v3/market/history-candles', query }, signal))
        return listOf(body.data).map((row) => barOf(row, KEYS, market))
      },
      (bar) => bar.openMs,
    )
  },
}
