import { fieldsOf, listOf, numberOf, textOf } from '../mapper-fields.ts'
import { listen, planOf } from './reach.ts'
import { sidesFinding, travelled, type Verifier } from './verify.ts'

const SYMBOL = 'BTC-USDT-SWAP'
const LIQUIDATIONS = 'liquidation-orders:SWAP'
const TRADES = `trades:${SYMBOL}`
const OPEN_INTEREST = `open-interest:${SYMBOL}`
const SECOND_MS = 1_000

/** How many liquidations of one contract come in a second, and which sides open interest counts. */
export const verifyOkx: Verifier = async (options) => {
  const { protocol } = options
  const perSecond = new Map<string, number>()
  const contracts: number[] = []
  let traded = 0
  let liquidations = 0
  await listen({
    ...options,
    plan: planOf(protocol, '/ws/v5/public', [LIQUIDATIONS, TRADES, OPEN_INTEREST]),
    enough(text, topic) {
      const rows = listOf(fieldsOf(JSON.parse(text)).data).map(fieldsOf)
      if (topic === TRADES) traded += rows.reduce((sum, row) => sum + numberOf(row.sz), 0)
      if (topic === OPEN_INTEREST) contracts.push(...rows.map((row) => numberOf(row.oi)))
      if (topic === LIQUIDATIONS) {
        for (const row of rows) {
          for (const detail of listOf(row.details).map(fieldsOf)) {
            const key = `${textOf(row.instId)} ${Math.floor(numberOf(detail.ts) / SECOND_MS)}`
            perSecond.set(key, (perSecond.get(key) ?? 0) + 1)
            liquidations++
          }
        }
      }
      return false
    },
  })
  const most = Math.max(0, ...perSecond.values())
  return [
    {
      point: 'liquidations of one contract in a second',
      assumed: 'capped, so the total is a floor',
      found: `${liquidations} came, ${most} of one contract in one second at most`,
      agrees: most > 1 ? false : undefined,
    },
    sidesFinding(travelled(contracts), traded),
  ]
}
