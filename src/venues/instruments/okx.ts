import { type Fields, FrameFault, fieldsOf, listOf, numberIfSaid, numberOf, textOf } from '../mapper-fields.ts'
import { type Directory, type Listing, type ListingState, type Quote, readListings } from './listing.ts'
import type { Rest } from './rest.ts'

const states: Readonly<Record<string, ListingState>> = { live: 'trading', preopen: 'announced', test: 'announced' }
const CRYPTO = '1'

export const okxDirectory: Directory = {
  venue: 'okx',

  async listings(rest, signal) {
    const rows = await dataOf(rest, '/api/v5/public/instruments', signal)
    return readListings(
      rows.filter((row) => row.ctType === 'linear' && row.settleCcy === 'USDT'),
      listingOf,
    )
  },

  async quotes(rest, _symbols, signal) {
    const marks = await dataOf(rest, '/api/v5/public/mark-price', signal)
    const quotes = new Map<string, Quote>()
    for (const row of marks) quotes.set(textOf(row.instId), { mark: numberOf(row.markPx), openInterest: 0 })
    for (const row of await dataOf(rest, '/api/v5/public/open-interest', signal)) {
      const quote = quotes.get(textOf(row.instId))
      if (quote !== undefined) quotes.set(textOf(row.instId), { ...quote, openInterest: numberOf(row.oi) })
    }
    return quotes
  },

  async clock(rest, signal) {
    const [row] = listOf(fieldsOf(await rest.ask({ path: '/api/v5/public/time' }, signal)).data)
    return numberOf(fieldsOf(row).ts)
  },
}

async function dataOf(rest: Rest, path: string, signal: AbortSignal | undefined): Promise<Fields[]> {
  const body = fieldsOf(await rest.ask({ path, query: { instType: 'SWAP' } }, signal))
  return listOf(body.data).map(fieldsOf)
}

function listingOf(row: Fields): Listing {
  const symbol = textOf(row.instId)
  const tick = textOf(row.tickSz)
  const base = symbol.split('-')[0]
  if (base === undefined || base === '') throw new FrameFault('not a name of a contract')
  return {
    symbol,
    base,
    tick: () => tick,
    contractValue: product(textOf(row.ctVal), textOf(row.ctMult ?? '1')),
    quantityStep: textOf(row.lotSz),
    leverageMax: numberIfSaid(row.lever),
    maintenanceRate: undefined,
    state: states[textOf(row.state)] ?? 'ending',
    isCrypto: (row.instCategory ?? CRYPTO) === CRYPTO,
  }
}

/** Contract value times multiplier, as text; the multiplier is 1 on every linear contract seen so far. */
function product(value: string, multiplier: string): string {
  const factor = numberOf(multiplier === '' ? '1' : multiplier)
  return factor === 1 ? value : String(numberOf(value) * factor)
}
