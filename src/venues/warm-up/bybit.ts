import { type Fields, fieldsOf, listOf, numberIfSaid, numberOf } from '../mapper-fields.ts'
import { BAR_MS, type History, pages } from './history.ts'
import { barOf } from './rows.ts'

const BARS_PER_PAGE = 1_000
const READINGS_PER_PAGE = 200
const HOUR_MS = 3_600_000
const KEYS = { time: 0, high: 2, low: 3, close: 4, volumeUsd: 6 } as const

export const bybitHistory: History = {
  venue: 'bybit',
  barsMsMin: 0,

  async bars(rest, market, span, signal) {
    const bars = []
    for (const { fromMs, untilMs } of pages(span, BARS_PER_PAGE * BAR_MS)) {
      const query = {
        category: 'linear',
        symbol: market.symbol,
        interval: '5',
        start: fromMs,
        end: untilMs - 1,
        limit: BARS_PER_PAGE,
      }
      const rows = listOf(resultOf(await rest.ask({ path: '/v5/market/kline', query }, signal)).list)
      bars.push(...rows.map((row) => barOf(row, KEYS, market)))
    }
    return bars
  },

  async readings(rest, market, span, signal) {
    const readings = []
    for (const { fromMs, untilMs } of pages(span, READINGS_PER_PAGE * HOUR_MS)) {
      const query = {
        category: 'linear',
        symbol: market.symbol,
        intervalTime: '1h',
        startTime: fromMs,
        endTime: untilMs - 1,
        limit: READINGS_PER_PAGE,
      }
      const rows = listOf(resultOf(await rest.ask({ path: '/v5/market/open-interest', query }, signal)).list)
      for (const row of rows.map(fieldsOf)) {
        readings.push({ atMs: numberOf(row.timestamp), coins: oneSided(row) * market.perUnit })
      }
    }
    return readings
  },
}

function resultOf(body: unknown): Fields {
  return fieldsOf(fieldsOf(body).result)
}

/** `openInterest` counts both sides; the one-sided field is there since 2026. */
function oneSided(row: Fields): number {
  return numberIfSaid(row.singleOpenInterest) ?? numberOf(row.openInterest) / 2
}
