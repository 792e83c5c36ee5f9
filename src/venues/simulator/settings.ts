/** What the simulated market is like. One place, so that nothing below hides a number that shapes the map. */

/** Parts of open interest, depth and turnover by venue id: Binance, Bybit, OKX, Bitget, Hyperliquid. */
export const VENUE_SHARES = [0.35, 0.22, 0.18, 0.13, 0.12] as const
/** How long a venue's events take to reach us, ms. Constant, so that the order of venue times is the order of arrival. */
export const VENUE_LAG_MS = [8, 14, 11, 17, 24] as const

export const timing = Object.freeze({
  /** Every asset is stepped this often; assets take turns in slots, so that events flow evenly. */
  stepMs: 100,
  slots: 5,
  fullBookMs: 30_000,
  markMs: 1_000,
  openInterestMs: 3_000,
  heartbeatMs: 1_000,
  /** A heartbeat claims less than now, so that it never overtakes a venue's own events. */
  heartbeatLagMs: 1_000,
})

export const depth = Object.freeze({
  /** The asset and the depth that everything else is scaled from. */
  referenceOpenInterestUsd: 31.7e9,
  /** Both numbers of one side near price, all venues. Smaller assets are deeper for their open interest. */
  referenceUsdPerBp: 2.2e6,
  openInterestPower: 0.8,
  /** Thin at the touch, fullest a few bp away, then a long tail. */
  touchPart: 0.4,
  humpBp: 4,
  tailBp: 60,
  tailPower: 1.2,
  /** Resting orders reach this far from price. */
  reachBp: 600,
  /** Regions that hold more or less for a while: what draws horizontal bands on the map. */
  bandBp: 9,
  bandSigma: 0.55,
  bandMs: 900_000,
  /** Scatter that belongs to a level for good, and scatter of each refresh. */
  levelSigma: 0.6,
  refreshSigma: 0.12,
  /** Chance that a level near the touch is taken away when it is looked at. */
  flicker: 0.22,
  /** Most rows of one side of one book. */
  rowsMax: 320,
  rowsMin: 10,
  /** Part of a book's levels per second that full books may use. */
  fullBookPart: 0.28,
  /** Half of the spread, bp, of the reference; grows as open interest falls. */
  halfSpreadBp: 0.04,
  halfSpreadPower: 0.42,
  /** Rows beside the touch that are put back at once. */
  touchRows: 4,
})

export const volatility = Object.freeze({
  /** Per year, at the reference open interest, and its growth per factor e of smaller open interest. */
  referenceYear: 0.5,
  yearPerE: 0.085,
  /** Follows gold, not coins. */
  yearByName: { PAXG: 0.14 } as Readonly<Record<string, number>>,
  /** Part of the moves that all assets share. */
  shared: 0.7,
  /** Regimes: how wild, and how long on average. */
  regimes: [
    { scale: 0.55, meanMs: 420_000 },
    { scale: 1, meanMs: 600_000 },
    { scale: 1.7, meanMs: 240_000 },
    { scale: 3, meanMs: 60_000 },
  ],
  /** Trend of a regime: standard deviations per second, drawn anew with each regime. */
  trend: 0.045,
  /** Jumps: mean time between two, and size in standard deviations of one second. */
  jumpMeanMs: 1_200_000,
  jumpLow: 14,
  jumpHigh: 45,
  /** A jump or the impact of an order is worked off with this time constant. */
  pushMs: 700,
  pushMax: 0.012,
  /** Pull back to the start price, so that days of running stay near the table. */
  homeMs: 5 * 86_400_000,
  /** Venues differ from the common price by about so much, for about so long. */
  basisBp: 0.7,
  basisMs: 20_000,
})

export const traders = Object.freeze({
  leverageMin: 3,
  leverageMax: 125,
  /** Above 1: few use much leverage. */
  leverageSkew: 1.5,
  /** Sizes shrink with leverage to this power. */
  sizeByLeverage: 0.55,
  sizeSigma: 1.2,
  /** Positions of one asset over all venues: at least, and what the reference adds (by root of open interest). */
  countMin: 300,
  countReference: 24_000,
  /** USD traded per USD of open interest and day; part of it that opens positions (both sides counted). */
  turnoverPerDay: 2.5,
  openPart: 0.6,
  /** Open interest wanders by this much, in this time. */
  wander: 0.04,
  wanderMs: 3_600_000,
  /** History before the first event. */
  warmUpMs: 5 * 86_400_000,
  warmUpStepMs: 60_000,
  /** Forced orders of one venue in one step; the rest follow in the next. */
  liquidationsPerStepMax: 48,
  /** A forced order pays at most this much beyond the mark; what is left goes to the insurance fund. */
  slippageMax: 0.02,
  /** Price moved, in units of 1e-4, by forced orders of 1e-4 of the open interest. */
  impact: 0.12,
})

export const flow = Object.freeze({
  /** Trades per level update. */
  tradesPerLevel: 0.045,
  sizeSigma: 1.3,
  /** A usual taker goes no further than this from price. */
  reachBp: 15,
  /** How much takers follow the last moves: part of a side's chance per standard deviation. */
  follow: 0.04,
  /** Levels in which a move of the price prints before they are cancelled; the others are only cancelled. */
  levelsPerMove: 1,
  /** Part of a wall that is eaten per step while price presses on it, and how much of the move it holds back. */
  wallEatenPerStep: 0.05,
  wallHold: 0.25,
})

export const planted = Object.freeze({
  /** Floors of a report's USD by tier of open interest: what is planted must be worth a report. */
  tiers: [
    { openInterestUsdMin: 5e9, floorUsd: 1e6 },
    { openInterestUsdMin: 3e8, floorUsd: 250e3 },
    { openInterestUsdMin: 0, floorUsd: 50e3 },
  ],
  /** Mean time between two of one asset, at the reference and for the smallest. */
  wallMeanMs: [15_000, 70_000],
  sweepMeanMs: [60_000, 240_000],
  absorptionMeanMs: [150_000, 600_000],
  crowdMeanMs: [600_000, 1_500_000],
  /** A wall holds at least this much of the depth of 1 bp near price: what 3 % of a side within 5 % comes to. */
  wallBpMin: 3.3,
  /** Walls this far from price may be given up when they are old; nearer ones wait. */
  wallFadeBp: 40,
  /** Distance of a wall that stands behind an iceberg. */
  wallBehindBp: 4,
  wallsPerBookMax: 5,
  wallBucketsLow: 12,
  wallBucketsHigh: 30,
  wallNearBp: 12,
  wallFarBp: 180,
  wallLifeLowMs: 30_000,
  wallLifeHighMs: 900_000,
  /** What walls are meant to do: stay until eaten or old, vanish when price comes near, jump elsewhere. */
  wallStays: 0.5,
  wallIsPulled: 0.3,
  wallPullLowBp: 6,
  wallPullHighBp: 18,
  wallMoveLowMs: 10_000,
  wallMoveHighMs: 60_000,
  wallMoveBp: 12,
  sweepFloors: 1.4,
  sweepBpLow: 3,
  sweepBpHigh: 8,
  sweepReachBp: 60,
  absorptionLowMs: 12_000,
  absorptionHighMs: 45_000,
  /** USD that meets the iceberg, in units of the depth of 3 bp, and how often it refills. */
  absorptionBuckets: 6,
  /** At least so many times what the venue trades meanwhile. */
  absorptionFlow: 4,
  /** How often an iceberg has a wall behind it and is swept into from this far. */
  absorptionConverges: 0.5,
  convergeBp: 6,
  absorptionShows: 12,
  absorptionHolds: 0.7,
  /** Many open the same way at once: part of the open interest, least leverage. */
  crowdPart: 0.004,
  crowdLeverageMin: 20,
})
