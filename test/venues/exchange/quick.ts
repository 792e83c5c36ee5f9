import { type Limits, limits } from '../../../src/model/limits.ts'
import type { VenueProtocol } from '../../../src/venues/live/feed.ts'

/** The bounds of the live feeds, shorter by about twenty: what takes a minute at a venue takes seconds in a test. */
export const quickLimits: Limits = {
  ...limits,
  bookRefreshMs: 2_000,
  heartbeatMs: 100,
  restMsMax: 500,
  restRetryMs: 50,
  restRetryMsMax: 400,
  restRateMs: 300,
  restFilterMs: 500,
  liveConnectMsMax: 500,
  liveAckMsMax: 300,
  liveSweepMs: 25,
  liveGoodMs: 1_000,
  liveBookMsMax: 500,
  liveBookGapMs: 25,
  liveCrossedMsMax: 150,
  liveSilentMs: 700,
  liveOverlapMs: 300,
  liveTakeOverMsMax: 2_000,
  liveReachMsMax: 1_500,
}

/** The venue's own protocol with its waits shortened in the same way. */
export function quickened(protocol: VenueProtocol): VenueProtocol {
  const { pace, ping, polls, lanes, rest } = protocol
  return {
    ...protocol,
    pace: { ...pace, connectGapMs: 10, frameGapMs: 5 },
    ping: ping && { ...ping, everyMs: 300, deadMs: 300 },
    rest: { ...rest, gapMs: 5 },
    polls: (markets) => polls(markets).map((poll) => ({ ...poll, everyMs: 250 })),
    lanes: (markets) =>
      lanes(markets).map((plan) => ({ ...plan, pulses: plan.pulses.map((pulse) => ({ ...pulse, deadMs: 700 })) })),
  }
}
