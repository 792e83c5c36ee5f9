import { assets } from '../src/model/assets.ts'
import type { ConvergenceRow } from '../src/model/reports.ts'
import { isVisibleSweep, rightAbsorptions, rightSweeps, rightWalls, visibleAbsorptions } from './report-match.ts'
import type { Told } from './report-run.ts'
import { bucketOf, type Figures, floorOf, truthOf } from './report-truth.ts'

/* Chips: right where each of the three parts is a report that is right; expected where a planted iceberg that held was
   swept into, with a planted wall beside it, and nothing said the opposite. Found where a chip of that side stands there
   at some moment of that time, however long it has stood. */

const BAND_BUCKETS = 3
const SWEEP_MS = 600_000
/** What goes into an iceberg ends no earlier before it is there: it is planted in the same step. */
const INTO_MS = 1_000
const ABSORPTION_MS = 900_000
const FILLED_MS = 60_000
/** A wall is one after five seconds, an absorption when its window is full. */
const WALL_MS = 6_000
const SEEN_MS = 10_000
const LATE_MS = 60_000

export function matchChips(told: Told): Figures {
  const chips = chipsOf(told)
  const walls = rightWalls(told)
  const sweeps = rightSweeps(told)
  const absorptions = rightAbsorptions(told)
  const right = chips.filter(({ row: chip }) => {
    const near = (row: { asset: number; bucket: number }): boolean =>
      row.asset === chip.asset && Math.abs(row.bucket - chip.bucket) <= BAND_BUCKETS
    const book = chip.side === 'support' ? 'bid' : 'ask'
    const taker = chip.side === 'support' ? 'sell' : 'buy'
    return (
      walls.some(({ row, endMs }) => near(row) && row.side === book && endMs + FILLED_MS >= chip.atMs) &&
      sweeps.some(({ row }) => near(row) && row.side === taker && row.endMs <= chip.atMs) &&
      absorptions.some(({ row, startMs }) => near(row) && row.side === book && startMs <= chip.atMs)
    )
  })
  const expected = expectedChips(told)
  const found = expected.filter((one) =>
    chips.some(
      ({ row, spells }) =>
        assets[row.asset]!.name === one.asset &&
        row.side === one.side &&
        Math.abs(row.bucket - one.bucket) <= BAND_BUCKETS &&
        spells.some((spell) => spell.fromMs <= one.toMs && spell.toMs >= one.fromMs),
    ),
  )
  return {
    precision: { right: right.length, of: chips.length },
    recall: { right: found.length, of: expected.length },
  }
}

interface Chip {
  /** The first row in which all three parts agreed. */
  readonly row: ConvergenceRow
  /** When it was a chip: it may be contested, or lack a part, and be one again. */
  readonly spells: { readonly fromMs: number; toMs: number }[]
}

function chipsOf(told: Told): Chip[] {
  const chips = new Map<string, Chip>()
  for (const row of told.reports) {
    if (row.kind !== 'convergence') continue
    const isChip = row.state === 'chip' || row.state === 'chip+'
    const known = chips.get(row.id)
    const last = known?.spells.at(-1)
    if (last?.toMs === told.endMs) {
      if (!isChip) last.toMs = row.atMs
    } else if (isChip) {
      const spell = { fromMs: row.atMs, toMs: told.endMs }
      if (known === undefined) chips.set(row.id, { row, spells: [spell] })
      else known.spells.push(spell)
    }
  }
  return [...chips.values()]
}

interface Expected {
  readonly asset: string
  readonly side: 'support' | 'resistance'
  readonly bucket: number
  readonly fromMs: number
  readonly toMs: number
}

function expectedChips(told: Told): Expected[] {
  const walls = truthOf(told, 'wall')
  const sweeps = truthOf(told, 'sweep').filter(isVisibleSweep)
  const forced = truthOf(told, 'liquidation')
  const icebergs = truthOf(told, 'absorption')
  return visibleAbsorptions(told).flatMap((iceberg): Expected[] => {
    const { asset, side } = iceberg
    const bucket = bucketOf(told, asset, iceberg.price)
    const near = (row: { asset: string }, price: number): boolean =>
      row.asset === asset && Math.abs(bucketOf(told, asset, price) - bucket) <= BAND_BUCKETS
    const fromMs = iceberg.startMs
    const toMs = iceberg.endMs + LATE_MS
    const stands = (row: (typeof walls)[number]): boolean =>
      near(row, row.price) && row.startMs <= iceberg.endMs - WALL_MS && row.endMs >= fromMs + SEEN_MS
    const passed = (row: (typeof sweeps)[number]): boolean =>
      near(row, row.lastPrice) && row.endMs <= toMs && row.endMs >= fromMs - SWEEP_MS
    // What takers ate has absorbed, and is a part for as long as an absorption is.
    const since = (row: (typeof walls)[number]): number => fromMs - (row.filledCoins > 0 ? ABSORPTION_MS : 0)
    const against =
      walls.some(
        (row) => row.side !== side && near(row, row.price) && row.startMs <= toMs && row.endMs >= since(row),
      ) ||
      sweeps.some((row) => (row.side === 'sell') !== (side === 'bid') && passed(row)) ||
      forced.some(
        (row) =>
          (row.side === 'long') !== (side === 'bid') &&
          row.usd >= floorOf(asset) &&
          near(row, row.fillPrice) &&
          row.atMs <= toMs &&
          row.atMs >= fromMs - SWEEP_MS,
      ) ||
      icebergs.some(
        (row) =>
          row.side !== side && near(row, row.price) && row.startMs <= toMs && row.endMs >= fromMs - ABSORPTION_MS,
      )
    if (iceberg.fate === 'broken' || against) return []
    if (!walls.some((row) => row.side === side && stands(row))) return []
    const into = sweeps.filter((row) => (row.side === 'sell') === (side === 'bid') && passed(row))
    // An earlier one may be none any more: price can have gone beyond it since, which is not written down.
    if (!into.some((row) => row.endMs >= fromMs - INTO_MS && row.endMs <= iceberg.endMs)) return []
    return [{ asset, side: side === 'bid' ? 'support' : 'resistance', bucket, fromMs, toMs }]
  })
}
