import { fieldsOf, listOf, numberOf } from '../mapper-fields.ts'
import { listen, planOf } from './reach.ts'
import { type Finding, sidesFinding, travelled, type Verifier } from './verify.ts'

const COIN = 'BTC'
const FAST = `fast:${COIN}`
const SLOW = `slow:${COIN}`
const TRADES = `trades:${COIN}`
const CONTEXT = `activeAssetCtx:${COIN}`
const FAST_MS = 500
const SLOW_MS = 5_000
/** A cadence half as fast again, or as slow, is another one. */
const CADENCE = 1.5

/** How often and how deep books come, whether both cadences fit on a socket, which sides open interest counts. */
export const verifyHyperliquid: Verifier = async (options) => {
  const times = new Map<string, number[]>([
    [FAST, []],
    [SLOW, []],
  ])
  const depths = new Map<string, number>()
  const open: number[] = []
  let traded = 0
  let isFirstTrade = true
  const heard = await listen({
    ...options,
    plan: planOf(options.protocol, '/ws', [FAST, SLOW, TRADES, CONTEXT]),
    enough(text, topic = '') {
      const { data } = fieldsOf(JSON.parse(text))
      if (topic === CONTEXT) open.push(numberOf(fieldsOf(fieldsOf(data).ctx).openInterest))
      else if (topic === TRADES) {
        // The first frame repeats the past.
        if (!isFirstTrade) traded += listOf(data).reduce<number>((sum, row) => sum + numberOf(fieldsOf(row).sz), 0)
        isFirstTrade = false
      } else if (times.has(topic)) {
        times.get(topic)!.push(options.now())
        depths.set(topic, Math.max(depths.get(topic) ?? 0, listOf(listOf(fieldsOf(data).levels)[0]).length))
      }
      return false
    },
  })
  const both = times.get(FAST)!.length > 0 && times.get(SLOW)!.length > 0
  return [
    cadence('fast book', times.get(FAST)!, FAST_MS, depths.get(FAST) ?? 0, 5),
    cadence('slow book', times.get(SLOW)!, SLOW_MS, depths.get(SLOW) ?? 0, 20),
    {
      point: 'both cadences on one socket',
      assumed: 'both come',
      found: both ? 'both come' : (heard.refused[0]?.reason ?? heard.failure?.message ?? 'only one of them comes'),
      agrees: both ? true : heard.failure === undefined ? false : undefined,
    },
    sidesFinding(travelled(open), traded),
  ]
}

function cadence(
  point: string,
  times: readonly number[],
  wantedMs: number,
  levels: number,
  levelsWanted: number,
): Omit<Finding, 'venue'> {
  const gaps = times.slice(1).map((time, index) => time - times[index]!)
  const middle = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]
  const isLike = middle !== undefined && middle < wantedMs * CADENCE && middle > wantedMs / CADENCE
  return {
    point,
    assumed: `${levelsWanted} levels a side each ${wantedMs} ms`,
    found: middle === undefined ? 'too few came' : `${levels} levels a side each ${Math.round(middle)} ms`,
    agrees: middle === undefined ? undefined : isLike && levels === levelsWanted,
  }
}
