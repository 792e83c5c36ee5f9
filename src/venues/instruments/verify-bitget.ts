import { tickGrid, ticksOf } from '../decimal.ts'
import { type Fields, fieldsOf, listOf, numberOf, textOf } from '../mapper-fields.ts'
import { bitgetDirectory } from './bitget.ts'
import { listen, planOf } from './reach.ts'
import type { Rest } from './rest.ts'
import { type Finding, sidesFinding, travelled, type Verifier, type VerifyOptions } from './verify.ts'

const SYMBOL = 'BTCUSDT'
const SYMBOLS = [SYMBOL, 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'DOGEUSDT']
const CATEGORY = 'USDT-FUTURES'
/** A size that is a whole number of steps, up to the rounding of the price it was divided by. */
const WHOLE = 0.02

/** Tick, unit of a liquidation's amount, form of the sequence, kind of books50, sides of open interest. */
export const verifyBitget: Verifier = async (options) => [
  ...(await Promise.all([tickFinding(options.rest), amountFinding(options.rest)])),
  ...(await streamFindings(options)),
]

async function dataOf(rest: Rest, path: string, query: Record<string, string | number>): Promise<unknown> {
  return fieldsOf(await rest.ask({ path, query: { category: CATEGORY, ...query } })).data
}

async function tickFinding(rest: Rest): Promise<Omit<Finding, 'venue'>> {
  const listings = new Map((await bitgetDirectory.listings(rest)).map((listing) => [listing.symbol, listing]))
  const off: string[] = []
  for (const symbol of SYMBOLS) {
    const listing = listings.get(symbol)
    if (listing === undefined) continue
    const grid = tickGrid(listing.tick(1))
    const book = fieldsOf(await dataOf(rest, '/api/v3/market/orderbook', { symbol, limit: 50 }))
    const rows = [...listOf(book.b ?? book.bids), ...listOf(book.a ?? book.asks)]
    if (rows.some((row) => !Number.isInteger(ticksOf(listOf(row)[0], grid)))) off.push(symbol)
  }
  return {
    point: 'price step',
    assumed: 'is priceMultiplier itself',
    found:
      off.length === 0 ? `fits the books of ${SYMBOLS.length} symbols` : `does not fit the books of ${off.join(', ')}`,
    agrees: off.length === 0,
  }
}

async function amountFinding(rest: Rest): Promise<Omit<Finding, 'venue'>> {
  const listings = new Map((await bitgetDirectory.listings(rest)).map((listing) => [listing.symbol, listing]))
  let asUsd = 0
  let asCoins = 0
  for (const symbol of SYMBOLS) {
    const step = numberOf(listings.get(symbol)?.quantityStep ?? '1')
    const data = fieldsOf(await dataOf(rest, '/api/v3/market/liquidations', { symbol, limit: 50 }))
    for (const row of listOf(data.list).map(fieldsOf)) {
      const amount = numberOf(row.amount)
      if (isWhole(amount / numberOf(row.price) / step)) asUsd++
      if (isWhole(amount / step)) asCoins++
    }
  }
  return {
    point: 'amount of a liquidation',
    assumed: 'is USDT',
    found: `whole lots: ${asUsd} read as USDT, ${asCoins} read as coins`,
    agrees: asUsd === asCoins ? undefined : asUsd > asCoins,
  }
}

function isWhole(lots: number): boolean {
  return lots > 0.5 && Math.abs(lots - Math.round(lots)) < WHOLE
}

async function streamFindings(options: VerifyOptions): Promise<Omit<Finding, 'venue'>[]> {
  const forms = new Set<string>()
  const actions = new Map<string, number>()
  const open: number[] = []
  let traded = 0
  const [books, fixed, trades, tickers] = ['books', 'books50', 'publicTrade', 'ticker'].map(
    (topic) => `${topic}:${SYMBOL}`,
  )
  await listen({
    ...options,
    plan: planOf(options.protocol, '/v3/ws/public', [books!, fixed!, trades!, tickers!]),
    enough(text, topic) {
      const frame = fieldsOf(JSON.parse(text))
      if (topic === books) for (const [form] of text.matchAll(/"p?seq":"?/g)) forms.add(form)
      if (topic === fixed) actions.set(textOf(frame.action), (actions.get(textOf(frame.action)) ?? 0) + 1)
      if (topic === trades && frame.action === 'update') traded += sumOf(frame, 'v')
      if (topic === tickers) open.push(sumOf(frame, 'openInterest'))
      return false
    },
  })
  const quoted = [...forms].map(
    (form) => `${form.slice(1, form.indexOf('"', 1))} ${form.endsWith('"') ? 'quoted' : 'bare'}`,
  )
  const kinds = [...actions].map(([action, count]) => `${count} ${action}`)
  return [
    {
      point: 'sequence numbers of a book',
      assumed: 'quoted or bare, both are read exactly',
      found: quoted.length === 0 ? 'nothing came' : quoted.sort().join(', '),
      agrees: quoted.length === 0 ? undefined : true,
    },
    {
      point: 'books50',
      assumed: 'not used: it turned from snapshots into updates',
      found: kinds.length === 0 ? 'nothing came' : kinds.join(', '),
      agrees: kinds.length === 0 ? undefined : true,
    },
    sidesFinding(travelled(open), traded),
  ]
}

function sumOf(frame: Fields, name: string): number {
  return listOf(frame.data)
    .map(fieldsOf)
    .reduce((sum, row) => sum + numberOf(row[name] ?? 0), 0)
}
