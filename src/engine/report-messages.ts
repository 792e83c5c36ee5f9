import { assets } from '../model/assets.ts'
import {
  type AbsorptionRow,
  ASYMMETRY_BALANCED,
  type Asymmetry,
  absorptionStates,
  type ConvergenceRow,
  convergenceKinds,
  type Report,
  type SweepRow,
  VENUES_AGREEING_MIN,
  type WallRow,
  wallStates,
} from '../model/reports.ts'
import type { AssetId } from '../model/units.ts'
import { VENUES, venues } from '../model/venues.ts'

/* Rows of reports as the core writes them (assembly/report-out.ts):
     0 u8 state | 1 u8 side | 2 u8 venue | 3 u8 more | 4 i32 bucket | 8 f64 startMs | 16 f64 atMs | 24 f64 price | 32 f64 usd
   and then what its kind needs. */
const WALL = 16
const SWEEP = 17
const ABSORPTION = 18
const CONVERGENCE = 19

const LOST = 24
const ASYMMETRY = 32

const bookSides = ['bid', 'ask'] as const
const takerSides = ['buy', 'sell'] as const
const levelSides = ['support', 'resistance'] as const

/** The report at `at`, undefined where the message is no report. */
export function reportOf(type: number, view: DataView, at: number, asset: AssetId): Report | undefined {
  if (type === WALL) return wallOf(view, at, asset)
  if (type === SWEEP) return sweepOf(view, at, asset)
  if (type === ABSORPTION) return absorptionOf(view, at, asset)
  if (type === CONVERGENCE) return convergenceOf(view, at, asset)
  return undefined
}

/** Rows that one batch had no room for. */
export function reportsLost(view: DataView, reports: number): number {
  return view.getFloat64(reports + LOST, true)
}

/** Reads the asymmetry out of the reports' head; balanced until there is a book. */
export function asymmetryOf(view: DataView, reports: number): Asymmetry {
  const at = reports + ASYMMETRY
  const book = view.getFloat64(at, true)
  const agreeing = view.getUint32(at + 16, true)
  const leans = Math.abs(book) > ASYMMETRY_BALANCED && agreeing >= VENUES_AGREEING_MIN
  return {
    book,
    walls: view.getFloat64(at + 8, true),
    agreeing,
    venues: view.getUint32(at + 20, true),
    side: leans ? (book > 0 ? 'bid' : 'ask') : 'balanced',
  }
}

function basis(view: DataView, at: number, asset: AssetId) {
  return {
    asset,
    startMs: view.getFloat64(at + 8, true),
    atMs: view.getFloat64(at + 16, true),
    bucket: view.getInt32(at + 4, true),
    price: view.getFloat64(at + 24, true),
    usd: view.getFloat64(at + 32, true),
  }
}

/** What makes a report the same report. Plain text, so that it reads well in a URL. */
function idOf(kind: string, row: ReturnType<typeof basis>, ...parts: (string | undefined)[]): string {
  return [kind, assets[row.asset]!.name, ...parts, row.bucket, row.startMs].join('-')
}

function wallOf(view: DataView, at: number, asset: AssetId): WallRow {
  const row = basis(view, at, asset)
  const side = bookSides[view.getUint8(at + 1)]!
  const venue = view.getUint8(at + 2)
  const seconds = view.getFloat64(at + 80, true)
  return {
    kind: 'wall',
    id: idOf('wall', row, venues[venue]?.name, side),
    ...row,
    state: wallStates[view.getUint8(at)]!,
    side,
    venue,
    venueUsd: Array.from({ length: VENUES }, (_, id) => view.getFloat32(at + 108 + 4 * id, true)),
    peakUsd: view.getFloat64(at + 40, true),
    executedUsd: view.getFloat64(at + 48, true),
    density: view.getFloat64(at + 56, true),
    strength: view.getFloat64(at + 64, true),
    spoof: view.getFloat64(at + 72, true),
    secondsToEat: Number.isFinite(seconds) ? seconds : undefined,
    distanceBp: view.getFloat64(at + 88, true),
    pulls: view.getUint32(at + 96, true),
    movedBuckets: view.getInt32(at + 100, true),
    coveredBuckets: view.getInt32(at + 104, true),
  }
}

function sweepOf(view: DataView, at: number, asset: AssetId): SweepRow {
  const row = basis(view, at, asset)
  const side = takerSides[view.getUint8(at + 1)]!
  const venue = view.getUint8(at + 2)
  return {
    kind: 'sweep',
    id: idOf('sweep', row, venues[venue]?.name, side),
    asset,
    bucket: row.bucket,
    startMs: row.startMs,
    atMs: view.getFloat64(at + 96, true),
    endMs: view.getFloat64(at + 16, true),
    side,
    venue,
    firstPrice: view.getFloat64(at + 24, true),
    price: view.getFloat64(at + 32, true),
    usd: view.getFloat64(at + 40, true),
    displacementBp: view.getFloat64(at + 48, true),
    magnitude: view.getFloat64(at + 56, true),
    depthPart: view.getFloat64(at + 64, true),
    clusterMs: view.getFloat64(at + 72, true),
    levels: view.getUint32(at + 80, true),
    clusterCount: view.getUint32(at + 84, true),
    liquidationUsd: view.getFloat64(at + 88, true),
    liquidationDriven: view.getUint8(at + 3) !== 0,
  }
}

function absorptionOf(view: DataView, at: number, asset: AssetId): AbsorptionRow {
  const row = basis(view, at, asset)
  const side = bookSides[view.getUint8(at + 1)]!
  const venue = view.getUint8(at + 2)
  const flags = view.getUint8(at + 3)
  return {
    kind: 'absorption',
    id: idOf('absorption', row, venues[venue]?.name, side),
    ...row,
    state: absorptionStates[view.getUint8(at)]!,
    side,
    venue,
    efficiency: view.getFloat64(at + 40, true),
    executedToShown: view.getFloat64(at + 48, true),
    holdMs: view.getFloat64(at + 56, true),
    netUsd: view.getFloat64(at + 64, true),
    lean: view.getFloat64(at + 72, true),
    refills: view.getUint32(at + 80, true),
    wall: (flags & 1) !== 0,
    long: (flags & 2) !== 0,
  }
}

function convergenceOf(view: DataView, at: number, asset: AssetId): ConvergenceRow {
  const row = basis(view, at, asset)
  const side = levelSides[view.getUint8(at + 1)]!
  const parts = view.getUint8(at + 2)
  const mask = view.getUint8(at + 3)
  return {
    kind: 'convergence',
    id: idOf('convergence', row, side),
    ...row,
    state: convergenceKinds[view.getUint8(at)]!,
    side,
    wall: (parts & 1) !== 0,
    sweep: (parts & 2) !== 0,
    absorption: (parts & 4) !== 0,
    liquidations: view.getUint32(at + 48, true) !== 0,
    venues: venues.flatMap((_, id) => ((mask >> id) & 1 ? [id] : [])),
    score: view.getFloat64(at + 40, true),
  }
}
