import { assetByName, assets } from '../src/model/assets.ts'
import { type Report, reportFloorUsd } from '../src/model/reports.ts'
import { venueId, venues } from '../src/model/venues.ts'
import type { TruthRow } from '../src/venues/simulator/truth.ts'
import type { Told } from './report-run.ts'

export type Truth<Kind extends TruthRow['kind']> = Extract<TruthRow, { kind: Kind }>

/** A report's whole life: its last row, and when it was over. */
export interface Life<Row extends Report> {
  readonly row: Row
  readonly startMs: number
  readonly endMs: number
}

export interface Share {
  readonly right: number
  readonly of: number
}

export interface Figures {
  readonly precision: Share
  readonly recall: Share
}

export function truthOf<Kind extends TruthRow['kind']>(told: Told, kind: Kind): Truth<Kind>[] {
  return told.truth.filter((row): row is Truth<Kind> => row.kind === kind)
}

/** The last row of each id; what is not over yet lasts to the end of the run. */
export function livesOf<Row extends Report>(told: Told, kind: Row['kind'], isOver: (row: Row) => boolean): Life<Row>[] {
  const last = new Map<string, Row>()
  for (const row of told.reports) if (row.kind === kind) last.set(row.id, row as Row)
  return [...last.values()].map((row) => ({ row, startMs: row.startMs, endMs: isOver(row) ? row.atMs : told.endMs }))
}

export function isOf(row: { asset: number; venue: number }, truth: { asset: string; venue: string }): boolean {
  return assets[row.asset]!.name === truth.asset && venues[row.venue]!.name === truth.venue
}

export function bucketOf(told: Told, asset: string, price: number): number {
  return Math.floor(price / told.steps.get(asset)! + 1e-9)
}

export function floorOf(asset: string): number {
  return reportFloorUsd(assetByName(asset)!.openInterestUsd)
}

export function tickOf(truth: { asset: string; venue: string }): number {
  const asset = assetByName(truth.asset)!
  return asset.instruments[venueId(truth.venue)]?.tickSize ?? asset.gridTick
}
