import { type Fields, fieldsOf, listOf, numberIfSaid, numberOf, textOf } from '../mapper-fields.ts'
import { type Directory, type Listing, type ListingState, type Quote, readListings } from './listing.ts'
import type { Rest } from './rest.ts'

const states: Readonly<Record<string, ListingState>> = { online: 'trading', listed: 'announced' }

export const bitgetDirectory: Directory = {
  venue: 'bitget',

  async listings(rest, signal) {
    const rows = await dataOf(rest, '/api/v3/market/instruments', signal)
    return readListings(
      rows.filter((row) => row.quoteCoin === undefined || row.quoteCoin === 'USDT'),
      listingOf,
    )
  },

  async quotes(rest, _symbols, signal) {
    const quotes = new Map<string, Quote>()
    for (const row of await dataOf(rest, '/api/v3/market/tickers', signal)) {
      const mark = numberIfSaid(row.markPrice)
      const openInterest = numberIfSaid(row.openInterest ?? row.holdingAmount) ?? 0
      if (mark !== undefined) quotes.set(textOf(row.symbol), { mark, openInterest })
    }
    return quotes
  },

  async clock(rest, signal) {
    const body = fieldsOf(await rest.ask({ path: '/api/v3/public/time' }, signal))
    return numberOf(body.data === undefined ? body.requestTime : fieldsOf(body.data).serverTime)
  },
}

async function dataOf(rest: Rest, path: string, signal: AbortSignal | undefined): Promise<Fields[]> {
  const body = fieldsOf(await rest.ask({ path, query: { category: 'USDT-FUTURES' } }, signal))
  return listOf(body.data).map(fieldsOf)
}

function listingOf(row: Fields): Listing {
  const symbol = textOf(row.symbol)
  const tick = tickOf(row)
  return {
    symbol,
    base: typeof row.baseCoin === 'string' && row.baseCoin !== '' ? row.baseCoin : symbol.replace(/USDT$/, ''),
    tick: () => tick,
    contractValue: '1',
    quantityStep: textOf(row.quantityMultiplier),
    leverageMax: numberIfSaid(row.maxLeverage),
    maintenanceRate: undefined,
    state: states[textOf(row.status)] ?? 'ending',
    isCrypto:
      row.type === 'perpetual' &&
      (row.symbolType ?? 'crypto') === 'crypto' &&
      String(row.isRwa ?? 'NO').toUpperCase() !== 'YES',
  }
}

/** The price step itself is `priceMultiplier`; `pricePrecision` counts decimals and is only a way out. */
function tickOf(row: Fields): string {
  const step = numberIfSaid(row.priceMultiplier)
  if (step !== undefined) return String(row.priceMultiplier)
  const decimals = numberOf(row.pricePrecision)
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`
}
