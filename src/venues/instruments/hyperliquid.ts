import { counterOf, type Fields, fieldsOf, listOf, numberIfSaid, numberOf, textOf } from '../mapper-fields.ts'
import { type Directory, type Listing, type Quote, readListings } from './listing.ts'
import type { Rest } from './rest.ts'

const DECIMALS = 6
const DIGITS = 5
/** Ten, with room for the rounding of a division. */
const FINER_MAX = 11

export const hyperliquidDirectory: Directory = {
  venue: 'hyperliquid',

  async listings(rest, signal) {
    const meta = fieldsOf(await info(rest, 'meta', signal))
    const tables = new Map(
      listOf(meta.marginTables ?? []).map((entry) => {
        const [id, table] = listOf(entry)
        return [id, fieldsOf(table)]
      }),
    )
    return readListings(listOf(meta.universe).map(fieldsOf), (row) => listingOf(row, tables))
  },

  async quotes(rest, _symbols, signal) {
    const [meta, contexts] = listOf(await info(rest, 'metaAndAssetCtxs', signal))
    const rows = listOf(contexts)
    const quotes = new Map<string, Quote>()
    for (const [index, coin] of listOf(fieldsOf(meta).universe).entries()) {
      const row = fieldsOf(rows[index])
      const mark = numberIfSaid(row.markPx)
      const openInterest = numberIfSaid(row.openInterest) ?? 0
      if (mark !== undefined) quotes.set(textOf(fieldsOf(coin).name), { mark, openInterest })
    }
    return quotes
  },

  async clock(rest, signal) {
    return numberOf(fieldsOf(await info(rest, 'exchangeStatus', signal)).time)
  },
}

function info(rest: Rest, type: string, signal: AbortSignal | undefined): Promise<unknown> {
  return rest.ask({ path: '/info', body: { type }, weight: 20 }, signal)
}

function listingOf(row: Fields, tables: ReadonlyMap<unknown, Fields>): Listing {
  const name = textOf(row.name)
  const sizeDecimals = counterOf(row.szDecimals)
  const leverageMax = numberIfSaid(row.maxLeverage)
  // The first tier of the margin table may allow more than the listing says in short; maintenance is half the initial.
  const table = tables.get(row.marginTableId)
  const [first] = table === undefined ? [] : listOf(table.marginTiers)
  const firstLeverage = first === undefined ? leverageMax : numberIfSaid(fieldsOf(first).maxLeverage)
  return {
    symbol: name,
    base: name,
    tick: (price, before) => steadyTick(hyperliquidTick(price, sizeDecimals), before),
    contractValue: '1',
    quantityStep: decimalStep(sizeDecimals),
    leverageMax,
    maintenanceRate: firstLeverage === undefined ? undefined : 1 / (2 * firstLeverage),
    state: row.isDelisted === true ? 'ending' : 'trading',
    // Markets of others are named `dex:COIN`.
    isCrypto: !name.includes(':'),
  }
}

/** Five significant digits, at most `6 - sizeDecimals` decimals, and whole numbers always. */
export function hyperliquidTick(price: number, sizeDecimals: number): string {
  const byDigits = DIGITS - 1 - Math.floor(Math.log10(price))
  return decimalStep(Math.max(0, Math.min(byDigits, DECIMALS - sizeDecimals)))
}

/** Every price on a coarser grid lies on one ten times as fine too. */
function steadyTick(tick: string, before: string | undefined): string {
  if (before === undefined) return tick
  const ratio = Number(tick) / Number(before)
  return ratio > 1 && ratio < FINER_MAX ? before : tick
}

function decimalStep(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`
}
