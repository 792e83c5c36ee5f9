import { listen, planOf } from './reach.ts'
import type { Verifier } from './verify.ts'

const RAW = 'btcusdt@trade'
const NONSENSE = 'btcusdt@nosuchstream'

/** Are raw trades still to be had, and does the venue say so when a stream does not exist? */
export const verifyBinance: Verifier = async (options) => {
  const { protocol } = options
  const look = async (path: string, topic: string) =>
    listen({ ...options, plan: planOf(protocol, path, [topic]), enough: () => true })
  const [raw, nonsense, moved] = await Promise.all([
    look('/public/stream', RAW),
    look('/public/stream', NONSENSE),
    look('/stream', 'btcusdt@aggTrade'),
  ])
  return [
    {
      point: `${RAW} on /public`,
      assumed: 'not relied on: trades come from @aggTrade',
      found: raw.frames > 0 ? 'alive' : (raw.failure?.message ?? 'silent'),
      agrees: true,
    },
    {
      point: 'a stream that does not exist',
      assumed: 'is acknowledged and stays silent',
      found: nonsense.refused[0] === undefined ? 'acknowledged' : `refused: ${nonsense.refused[0].reason}`,
      agrees: nonsense.failure === undefined ? nonsense.refused.length === 0 && nonsense.frames === 0 : undefined,
    },
    {
      point: 'aggTrade without /market',
      assumed: 'is acknowledged and stays silent',
      found: moved.frames > 0 ? 'alive' : (moved.failure?.message ?? 'silent'),
      agrees: moved.failure === undefined ? moved.frames === 0 : undefined,
    },
  ]
}
