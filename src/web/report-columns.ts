import type { AbsorptionFact, ConvergenceFact, ReportFacts, SweepFact, WallFact } from '../model/report-facts.ts'
import { venues } from '../model/venues.ts'
import { formatAge, formatPrice, formatUsd } from './format.ts'
import { worthOf } from './report-filter.ts'
import type { KnownRow } from './report-then.ts'

/** What cells are written with. */
export interface CellFacts {
  readonly nowMs: number
  readonly decimalsOf: (asset: string) => number
}

export interface Cell {
  readonly text: string
  /** What the text leaves out. */
  readonly title?: string
  /** Of the cell, for its colour. */
  readonly tone?: string
  /** 0 to 1: a bar below the text. */
  readonly part?: number
}

export interface ReportColumn {
  readonly key: string
  readonly label: string
  readonly title: string
  readonly isNumber: boolean
  readonly cell: (known: KnownRow, facts: CellFacts) => Cell
  readonly value: (row: ReportFacts) => number | string | undefined
  /** Large values first when it is chosen. */
  readonly isDescending: boolean
}

const shortNames: Readonly<Record<string, string>> = {
  binance: 'BIN',
  bybit: 'BYB',
  okx: 'OKX',
  bitget: 'BTG',
  hyperliquid: 'HYP',
}

const asset: ReportColumn = {
  key: 'asset',
  label: 'Asset',
  title: 'Asset',
  isNumber: false,
  isDescending: false,
  value: ({ asset }) => asset,
  cell: ({ row }) => ({ text: row.asset }),
}

const level: ReportColumn = {
  key: 'price',
  label: 'Level',
  title: 'Price of the level, USD',
  isNumber: true,
  isDescending: true,
  value: ({ price }) => price,
  cell: ({ row }, { decimalsOf }) => ({ text: formatPrice(row.price, decimalsOf(row.asset)) }),
}

const side: ReportColumn = {
  key: 'side',
  label: 'Side',
  title: 'Who rests or takes there, or what the level does',
  isNumber: false,
  isDescending: false,
  value: (row) => row.side,
  cell: ({ row }) => ({
    text: row.kind === 'convergence' ? shortSide(row) : row.side,
    title: row.side,
    tone: toneOf(row),
  }),
}

const usd: ReportColumn = {
  key: 'usd',
  label: 'USD',
  title:
    'USD: of a wall what rests there, its peak once it is over; of a sweep what it took; of an absorption what was taken there',
  isNumber: true,
  isDescending: true,
  value: (row) => worthOf(row),
  cell: ({ row }) => ({ text: formatUsd(worthOf(row)) }),
}

const where: ReportColumn = {
  key: 'venues',
  label: 'Venues',
  title: 'Venues, the largest first',
  isNumber: false,
  isDescending: false,
  value: (row) => venuesOf(row)[0],
  cell: ({ row }) => {
    const names = venuesOf(row)
    const short = names.map((name) => shortNames[name] ?? name)
    const text = short.length > 2 ? `${short[0]} +${short.length - 1}` : short.join(' ')
    return { text, title: shareText(row, names) }
  },
}

const age: ReportColumn = {
  key: 'start',
  label: 'Age',
  title: 'Since it began; a sweep: since it happened',
  isNumber: true,
  isDescending: true,
  value: ({ startMs }) => startMs,
  cell: ({ row }, { nowMs }) => ({
    text: formatAge(nowMs - row.startMs),
    title: `${new Date(row.startMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  }),
}

const state: ReportColumn = {
  key: 'state',
  label: 'State',
  title: 'What became of it',
  isNumber: false,
  isDescending: false,
  value: (row) => (row.kind === 'sweep' ? undefined : row.state),
  cell: ({ row, later }, { nowMs }) => {
    if (row.kind === 'sweep') return { text: '' }
    if (later === undefined) return { text: row.state, tone: `state-${row.state.replace('+', '-plus')}` }
    const title = `${row.state} then; ${later.state} ${formatAge(later.atMs - nowMs)} later`
    return { text: `${row.state} → ${later.state}`, title, tone: `state-${row.state}` }
  },
}

const spoof: ReportColumn = {
  key: 'spoof',
  label: 'Spoof',
  title: 'Part of the walls hereabouts that this venue pulled in the last ten minutes, starting from a prior of 0.2',
  isNumber: true,
  isDescending: true,
  value: (row) => (row as WallFact).spoof,
  cell: ({ row }) => {
    const { spoof, pulls } = row as WallFact
    return { text: `${Math.round(spoof * 100)} %`, title: `${pulls} pulled in ten minutes`, part: spoof }
  },
}

const way: ReportColumn = {
  key: 'bp',
  label: 'bp',
  title: 'How far it moved price, in hundredths of a per cent, and through how many prices',
  isNumber: true,
  isDescending: true,
  value: (row) => (row as SweepFact).displacementBp,
  cell: ({ row }) => {
    const { displacementBp, levels, depthPart } = row as SweepFact
    return {
      text: displacementBp.toFixed(1),
      title: `${levels} prices, ${Math.round(depthPart * 100)} % of what rested there`,
    }
  },
}

const driven: ReportColumn = {
  key: 'liquidation',
  label: 'Liq.',
  title: 'Driven by liquidations: at least 30 % of it',
  isNumber: false,
  isDescending: true,
  value: (row) => (row as SweepFact).liquidationUsd,
  cell: ({ row }) => {
    const { liquidationDriven, liquidationUsd, clusterCount } = row as SweepFact
    const repeat = clusterCount > 1 ? `×${clusterCount}` : ''
    const text = [liquidationDriven ? 'liq' : '', repeat].filter((word) => word !== '').join(' ')
    const title = `${formatUsd(liquidationUsd)} of liquidations; number ${clusterCount} of its cluster`
    return liquidationDriven ? { text, title, tone: 'liquidation' } : { text, title }
  },
}

const efficiency: ReportColumn = {
  key: 'efficiency',
  label: 'Moved',
  title: 'How far price went, as a part of what such a flow usually makes',
  isNumber: true,
  isDescending: false,
  value: (row) => (row as AbsorptionFact).efficiency,
  cell: ({ row }) => {
    const { efficiency, executedToShown, refills } = row as AbsorptionFact
    const title = `Traded ${executedToShown.toFixed(1)} times what was ever shown, ${refills} refills`
    return { text: `${Math.round(efficiency * 100)} %`, title }
  },
}

const parts: ReportColumn = {
  key: 'parts',
  label: 'Parts',
  title: 'W a wall, S a sweep, A an absorption, L realised liquidations',
  isNumber: false,
  isDescending: true,
  value: (row) => partsOf(row as ConvergenceFact),
  cell: ({ row }) => ({ text: partsOf(row as ConvergenceFact) }),
}

const score: ReportColumn = {
  key: 'score',
  label: 'Score',
  title: 'From the worth of its parts and how fresh they are. It is no probability',
  isNumber: true,
  isDescending: true,
  value: (row) => (row as ConvergenceFact).score,
  cell: ({ row }) => ({ text: (row as ConvergenceFact).score.toFixed(2), part: (row as ConvergenceFact).score }),
}

const columnsOf: Readonly<Record<ReportFacts['kind'], readonly ReportColumn[]>> = {
  wall: [level, side, usd, where, spoof, age, state],
  sweep: [level, side, usd, where, way, driven, age],
  absorption: [level, side, usd, where, efficiency, age, state],
  convergence: [level, side, parts, score, where, age, state],
}

/** Columns of a kind's table, with the asset where it holds more than one. */
export function reportColumns(kind: ReportFacts['kind'], isEverywhere: boolean): readonly ReportColumn[] {
  return isEverywhere ? [asset, ...columnsOf[kind]] : columnsOf[kind]
}

/** One row in a sentence, for a button that leads to it. */
export function rowSentence({ row, later }: KnownRow, { nowMs, decimalsOf }: CellFacts): string {
  const price = formatPrice(row.price, decimalsOf(row.asset))
  const what = row.kind === 'sweep' ? 'sweep' : `${row.kind}, ${row.state}`
  const after = later === undefined ? '' : `, later ${later.state}`
  return `${row.asset} ${price}: ${row.side} ${what}${after}, ${formatUsd(worthOf(row))}, ${formatAge(nowMs - row.startMs)} ago`
}

function venuesOf(row: ReportFacts): readonly string[] {
  if (row.kind === 'sweep' || row.kind === 'absorption') return [row.venue]
  const names = row.venues.map(({ name }) => name)
  return names.length > 0 ? names : row.kind === 'wall' ? [row.venue] : []
}

function shareText(row: ReportFacts, names: readonly string[]): string {
  const labelOf = (name: string): string => venues.find((venue) => venue.name === name)?.label ?? name
  if (row.kind !== 'wall' || row.venues.length === 0) return names.map(labelOf).join(', ')
  return row.venues.map(({ name, usd }) => `${labelOf(name)} ${formatUsd(usd)}`).join(', ')
}

function partsOf({ wall, sweep, absorption, liquidations }: ConvergenceFact): string {
  return [wall && 'W', sweep && 'S', absorption && 'A', liquidations && 'L'].filter(Boolean).join(' ')
}

function shortSide({ side }: ConvergenceFact): string {
  return side === 'support' ? 'sup.' : 'res.'
}

/** Below price or above it, or with it or against it. */
function toneOf(row: ReportFacts): string {
  return row.side === 'bid' || row.side === 'buy' || row.side === 'support' ? 'side-low' : 'side-high'
}
