import type { AbsorptionRow, SweepRow, WallRow } from '../src/model/reports.ts'
import type { Told } from './report-run.ts'
import {
  bucketOf,
  type Figures,
  floorOf,
  isOf,
  type Life,
  livesOf,
  type Truth,
  tickOf,
  truthOf,
} from './report-truth.ts'

/* Reports against what was planted. A planted thing counts where the definition could see it at all (it lasted, it is
   worth the floor); a report is right where something that the simulator did explains it. Both rules are in
   docs/reports.md. */

/** A wall that lived less than this cannot be told from a flash. */
const WALL_MS_MIN = 6_000
/** An outcome is told up to so long after the fact. */
const OUTCOME_MS = 3_500
const SWEEP_MS = 300
const LIQUIDATION_MS = 1_000
const BREACH_MS = 3_000
const SWEEP_LEVELS_MIN = 3
const SWEEP_TICKS_MIN = 3
const SWEEP_BP_MIN = 1.5
/** What is shorter than the window does not fill it. */
const ABSORPTION_MS_MIN = 10_000
const ABSORPTION_LATE_MS = 15_000
/** Of an absorption this part was traded so near to its level, by its definition. */
const ABSORBED_PART = 0.6
const ABSORBED_BUCKETS = 3
/** Before that nobody knows what is usual. */
const WARM_MS = 180_000

export function matchWalls(told: Told): { walls: Figures; pulled: Figures; filled: Figures } {
  const lives = wallLives(told)
  const pairs = truthOf(told, 'wall').map((wall) => ({
    wall,
    found: lives.filter((life) => isSameWall(told, life, wall)),
  }))
  const lasting = pairs.filter(({ wall }) => wall.endMs - wall.startMs >= WALL_MS_MIN)
  return {
    walls: {
      precision: { right: rightWalls(told).length, of: lives.length },
      recall: { right: lasting.filter(({ found }) => found.length > 0).length, of: lasting.length },
    },
    pulled: outcome('pulled', lasting),
    filled: outcome('filled', lasting),
  }
}

export function rightWalls(told: Told): Life<WallRow>[] {
  const planted = truthOf(told, 'wall')
  return wallLives(told).filter((life) => planted.some((wall) => isSameWall(told, life, wall)))
}

/** Among walls that were found and that ended one of the two ways. */
function outcome(fate: 'pulled' | 'filled', pairs: { wall: Truth<'wall'>; found: Life<WallRow>[] }[]): Figures {
  const told = pairs.flatMap(({ wall, found }) => {
    if (wall.fate !== 'pulled' && wall.fate !== 'filled') return []
    const last = found.toSorted((a, b) => Math.abs(a.endMs - wall.endMs) - Math.abs(b.endMs - wall.endMs))[0]
    return last === undefined ? [] : [{ fate: wall.fate, state: last.row.state }]
  })
  const ofFate = told.filter((one) => one.fate === fate)
  const ofState = told.filter((one) => one.state === fate)
  return {
    precision: { right: ofState.filter((one) => one.fate === fate).length, of: ofState.length },
    recall: { right: ofFate.filter((one) => one.state === fate).length, of: ofFate.length },
  }
}

export function matchSweeps(told: Told): Figures {
  const sweeps = sweepLives(told)
  const visible = truthOf(told, 'sweep').filter((truth) => truth.planted && isVisibleSweep(truth))
  const found = visible.filter((truth) => sweeps.some(({ row }) => isSameSweep(row, truth)))
  return {
    precision: { right: rightSweeps(told).length, of: sweeps.length },
    recall: { right: found.length, of: visible.length },
  }
}

export function isVisibleSweep(truth: Truth<'sweep'>): boolean {
  const moved = Math.abs(truth.lastPrice - truth.firstPrice)
  return (
    truth.levels >= SWEEP_LEVELS_MIN &&
    moved > (SWEEP_TICKS_MIN - 0.5) * tickOf(truth) &&
    (moved / truth.firstPrice) * 1e4 >= SWEEP_BP_MIN &&
    truth.usd >= floorOf(truth.asset)
  )
}

/** Orders that went through the book; forced ones; walls that gave way; takers who press on an iceberg. */
export function rightSweeps(told: Told): Life<SweepRow>[] {
  const orders = truthOf(told, 'sweep')
  const forced = truthOf(told, 'liquidation')
  const eaten = truthOf(told, 'wall').filter((wall) => wall.filledCoins > 0)
  const pressed = truthOf(told, 'absorption')
  const hits = (row: SweepRow, truth: { asset: string; venue: string; side: 'bid' | 'ask' }): boolean =>
    isOf(row, truth) && (row.side === 'sell') === (truth.side === 'bid')
  const within = (row: SweepRow, fromMs: number, toMs: number): boolean => row.startMs <= toMs && row.endMs >= fromMs
  return sweepLives(told).filter(
    ({ row }) =>
      orders.some((truth) => isSameSweep(row, truth)) ||
      forced.some(
        (truth) =>
          isOf(row, truth) &&
          (row.side === 'sell') === (truth.side === 'long') &&
          within(row, truth.atMs - LIQUIDATION_MS, truth.atMs + LIQUIDATION_MS),
      ) ||
      eaten.some((wall) => hits(row, wall) && within(row, wall.endMs - BREACH_MS, wall.endMs + SWEEP_MS)) ||
      pressed.some((iceberg) => hits(row, iceberg) && within(row, iceberg.startMs, iceberg.endMs + SWEEP_MS)),
  )
}

function isSameSweep(row: SweepRow, truth: Truth<'sweep'>): boolean {
  if (!isOf(row, truth) || row.side !== truth.side) return false
  return row.startMs <= truth.endMs + SWEEP_MS && row.endMs >= truth.startMs - SWEEP_MS
}

export function matchAbsorptions(told: Told): Figures {
  const lives = absorptionLives(told)
  const visible = visibleAbsorptions(told)
  const found = visible.filter((truth) => lives.some((life) => isSameAbsorption(told, life, truth)))
  return {
    precision: { right: rightAbsorptions(told).length, of: lives.length },
    recall: { right: found.length, of: visible.length },
  }
}

export function visibleAbsorptions(told: Told): Truth<'absorption'>[] {
  return truthOf(told, 'absorption').filter(
    (truth) =>
      truth.endMs - truth.startMs >= ABSORPTION_MS_MIN &&
      truth.usd >= floorOf(truth.asset) &&
      truth.startMs >= told.startMs + WARM_MS,
  )
}

/** An iceberg, a wall that takers eat, or forced orders that make up what is said to have been absorbed there. */
export function rightAbsorptions(told: Told): Life<AbsorptionRow>[] {
  const icebergs = truthOf(told, 'absorption')
  const walls = truthOf(told, 'wall').filter((wall) => wall.filledCoins > 0)
  const forced = truthOf(told, 'liquidation')
  return absorptionLives(told).filter(
    (life) =>
      [...icebergs, ...walls].some((truth) => isSameAbsorption(told, life, truth)) ||
      forcedUsd(told, life.row, forced) >= ABSORBED_PART * life.row.usd,
  )
}

/** Worth of the forced orders that were filled at its level while it formed. */
function forcedUsd(told: Told, row: AbsorptionRow, forced: Truth<'liquidation'>[]): number {
  let usd = 0
  for (const truth of forced) {
    if (!isOf(row, truth) || (truth.side === 'long') !== (row.side === 'bid')) continue
    if (truth.atMs < row.startMs - LIQUIDATION_MS || truth.atMs > row.atMs) continue
    if (Math.abs(bucketOf(told, truth.asset, truth.fillPrice) - row.bucket) <= ABSORBED_BUCKETS) usd += truth.usd
  }
  return usd
}

function isSameAbsorption(told: Told, life: Life<AbsorptionRow>, truth: Truth<'absorption'> | Truth<'wall'>): boolean {
  const { row, startMs } = life
  if (!isOf(row, truth) || row.side !== truth.side) return false
  if (Math.abs(row.bucket - bucketOf(told, truth.asset, truth.price)) > 2) return false
  return startMs <= truth.endMs + ABSORPTION_LATE_MS && row.atMs >= truth.startMs
}

function isSameWall(told: Told, { row, startMs, endMs }: Life<WallRow>, wall: Truth<'wall'>): boolean {
  return (
    isOf(row, wall) &&
    row.side === wall.side &&
    Math.abs(row.bucket - bucketOf(told, wall.asset, wall.price)) <= 1 &&
    startMs <= wall.endMs &&
    endMs >= wall.startMs &&
    // What stood there before the planted order was not that order.
    startMs >= wall.startMs - OUTCOME_MS
  )
}

function wallLives(told: Told): Life<WallRow>[] {
  return livesOf<WallRow>(told, 'wall', (row) => row.state !== 'active')
}

function sweepLives(told: Told): Life<SweepRow>[] {
  return livesOf<SweepRow>(told, 'sweep', () => true)
}

function absorptionLives(told: Told): Life<AbsorptionRow>[] {
  return livesOf<AbsorptionRow>(told, 'absorption', (row) => row.state !== 'forming')
}
