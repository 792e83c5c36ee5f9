import { type Fields, fieldsOf, listOf, numberIfSaid, numberOf, textOf } from '../mapper-fields.ts'
import { type Directory, type Listing, type ListingState, type Quote, readListings } from './listing.ts'
import type { Rest } from './rest.ts'

const PAGE_ROWS = 1_000
const PAGES_MAX = 20
const states: Readonly<Record<string, ListingState>> = { Trading: 'trading', PreLaunch: 'announced' }

export const bybitDirectory: Directory = {
  venue: 'bybit',

  async listings(rest, signal) {
    const rows: Fields[] = []
    let cursor = ''
    for (let page = 0; page < PAGES_MAX; page++) {
      const query = { category: 'linear', limit: PAGE_ROWS, ...(cursor !== '' && { cursor }) }
      const result = await resultOf(rest, '/v5/market/instruments-info', query, signal)
      rows.push(...listOf(result.list).map(fieldsOf))
      cursor = typeof result.nextPageCursor === 'string' ? result.nextPageCursor : ''
      if (cursor === '') break
    }
    return readListings(
      rows.filter((row) => row.settleCoin === 'USDT'),
      listingOf,
    )
  },

  async quotes(rest, _symbols, signal) {
    const result = await resultOf(rest, '/v5/market/tickers', { category: 'linear' }, signal)
    const quotes = new Map<string, Quote>()
    for (const row of listOf(result.list).map(fieldsOf)) {
      const mark = numberIfSaid(row.markPrice)
      // `openInterest` counts both sides; the one-sided field came in 2026.
      const openInterest = numberIfSaid(row.singleOpenInterest) ?? (numberIfSaid(row.openInterest) ?? 0) / 2
      if (mark !== undefined) quotes.set(textOf(row.symbol), { mark, openInterest })
    }
    return quotes
  },

  async clock(rest, signal) {
    const body = fieldsOf(await rest.ask({ path: '/v5/market/time' }, signal))
    return numberOf(body.time)
  },
}

async function resultOf(
  rest: Rest,
  path: string,
  query: Readonly<Record<string, string | number>>,
  signal: AbortSignal | undefined,
): Promise<Fields> {
  return fieldsOf(fieldsOf(await rest.ask({ path, query }, signal)).result)
}

function listingOf(row: Fields): Listing {
  const tick = textOf(fieldsOf(row.priceFilter).tickSize)
  return {
    symbol: textOf(row.symbol),
    base: textOf(row.baseCoin),
    tick: () => tick,
    contractValue: '1',
    quantityStep: textOf(fieldsOf(row.lotSizeFilter).qtyStep),
    leverageMax: numberIfSaid(fieldsOf(row.leverageFilter).maxLeverage),
    maintenanceRate: undefined,
    state: states[textOf(row.status)] ?? 'ending',
    // `symbolType` is empty for ordinary coins and names innovation zones, shares and metals otherwise.
    isCrypto: row.contractType === 'LinearPerpetual' && !foreign.has(String(row.symbolType ?? '')),
  }
}

const foreign = new Set(['stock', 'commodity', 'forex', 'index', 'xstocks'])
