import { fieldsOf, listOf, numberOf, textOf } from '../mapper-fields.ts'
import { type Directory, type Listing, type ListingState, type Quote, readListings } from './listing.ts'

const states: Readonly<Record<string, ListingState>> = { TRADING: 'trading', PENDING_TRADING: 'announced' }

export const binanceDirectory: Directory = {
  venue: 'binance',

  async listings(rest, signal) {
    const body = fieldsOf(await rest.ask({ path: '/fapi/v1/exchangeInfo' }, signal))
    const rows = listOf(body.symbols).map(fieldsOf)
    return readListings(
      rows.filter((row) => row.quoteAsset === 'USDT' && row.marginAsset === 'USDT'),
      listingOf,
    )
  },

  async quotes(rest, symbols, signal) {
    const rows = listOf(await rest.ask({ path: '/fapi/v1/premiumIndex', weight: 10 }, signal)).map(fieldsOf)
    const quotes = new Map<string, Quote>()
    for (const row of rows) quotes.set(textOf(row.symbol), { mark: numberOf(row.markPrice), openInterest: 0 })
    // Open interest has no request for all symbols.
    for (const symbol of symbols) {
      const quote = quotes.get(symbol)
      if (quote === undefined) continue
      const row = fieldsOf(await rest.ask({ path: '/fapi/v1/openInterest', query: { symbol } }, signal))
      quotes.set(symbol, { ...quote, openInterest: numberOf(row.openInterest) })
    }
    return quotes
  },

  async clock(rest, signal) {
    return numberOf(fieldsOf(await rest.ask({ path: '/fapi/v1/time' }, signal)).serverTime)
  },
}

function listingOf(row: ReturnType<typeof fieldsOf>): Listing {
  const filters = listOf(row.filters).map(fieldsOf)
  const filter = (name: string) => fieldsOf(filters.find((one) => one.filterType === name))
  const tick = textOf(filter('PRICE_FILTER').tickSize)
  return {
    symbol: textOf(row.symbol),
    base: textOf(row.baseAsset),
    tick: () => tick,
    contractValue: '1',
    quantityStep: textOf(filter('LOT_SIZE').stepSize),
    // The brackets need a key.
    leverageMax: undefined,
    maintenanceRate: undefined,
    state: states[textOf(row.status)] ?? 'ending',
    isCrypto: row.contractType === 'PERPETUAL',
  }
}
