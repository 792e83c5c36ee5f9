import { BUCKETS, LAYERS } from '../model/layers.ts'
import type { LiftRow } from '../model/lift.ts'
import type { Report } from '../model/reports.ts'
import type { ClosedColumn, LiquidationRow, LiveBlock, ScoreRow } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { LIFT, liftRowOf } from './lift-messages.ts'
import { reportOf } from './report-messages.ts'

/* Messages of the core (assembly/column-out.ts): u32 bytes | u8 type | u8 timeframe | u16 padding | f64 clockMs | body.
   Bodies: blocks as in docs/wire.md; a closed block is followed, from the next multiple of 16, by its codes. */
const MESSAGE_BYTES = 16
const COLUMN_CODES = LAYERS * BUCKETS
const kinds = [undefined, 'closed', 'key', 'delta', undefined, 'refresh'] as const
const LIQUIDATION = 4
const SCORE = 6

/** Where the engine's results go. Arrays belong to the receiver. */
export interface EngineOutputs {
  column(column: ClosedColumn): void
  liquidation(row: LiquidationRow): void
  score(row: ScoreRow): void
  report(row: Report): void
  /** What became of a level that a report spoke of, or of a control. */
  lift(row: LiftRow): void
  live(block: LiveBlock): void
}

/** Hands every message that one asset's core has written to the outputs, in order. */
export function readMessages(out: Uint8Array, asset: AssetId, outputs: EngineOutputs): void {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  for (let at = 0; at < out.byteLength; ) {
    const bytes = view.getUint32(at, true)
    const type = view.getUint8(at + 4)
    const timeframe = view.getUint8(at + 5)
    const end = at + bytes - view.getUint16(at + 6, true)
    const clockMs = view.getFloat64(at + 8, true)
    const body = at + MESSAGE_BYTES
    const kind = kinds[type]
    if (type === LIQUIDATION) {
      outputs.liquidation(liquidationOf(view, body, asset))
    } else if (type === SCORE) {
      outputs.score(scoreOf(view, body, asset))
    } else if (type === LIFT) {
      outputs.lift(liftRowOf(view, body, asset))
    } else if (kind === 'closed') {
      const codes = end - COLUMN_CODES
      outputs.column(columnOf(view, body, asset, timeframe, out.slice(codes, end)))
      const blockBytes = 80 + view.getUint32(body + 4, true)
      outputs.live({ asset, timeframe, kind, clockMs, block: out.slice(body, body + blockBytes) })
    } else if (kind !== undefined) {
      outputs.live({ asset, timeframe, kind, clockMs, block: out.slice(body, end) })
    } else {
      const report = reportOf(type, view, body, asset)
      if (report !== undefined) outputs.report(report)
    }
    at += bytes
  }
}

function columnOf(view: DataView, at: number, asset: AssetId, timeframe: number, cells: Uint8Array): ClosedColumn {
  return {
    asset,
    timeframe,
    openMs: view.getFloat64(at + 8, true),
    open: view.getFloat64(at + 16, true),
    high: view.getFloat64(at + 24, true),
    low: view.getFloat64(at + 32, true),
    close: view.getFloat64(at + 40, true),
    volumeUsd: view.getFloat64(at + 48, true),
    step: view.getFloat64(at + 56, true),
    baseBucket: view.getInt32(at + 64, true),
    quantumUsd: view.getFloat32(at + 68, true),
    observedMs: view.getUint32(at + 72, true),
    cells,
  }
}

function liquidationOf(view: DataView, at: number, asset: AssetId): LiquidationRow {
  return {
    asset,
    venue: view.getUint8(at),
    side: view.getUint8(at + 1),
    priceKind: view.getUint8(at + 2),
    venueMs: view.getFloat64(at + 8, true),
    price: view.getFloat64(at + 16, true),
    coins: view.getFloat64(at + 24, true),
    usd: view.getFloat64(at + 32, true),
  }
}

function scoreOf(view: DataView, at: number, asset: AssetId): ScoreRow {
  const pair = (offset: number): [number, number] => [
    view.getFloat64(at + offset, true),
    view.getFloat64(at + offset + 8, true),
  ]
  return {
    asset,
    model: view.getUint32(at, true),
    state: view.getUint32(at + 4, true),
    hourMs: view.getFloat64(at + 8, true),
    bits: pair(16),
    mean: view.getFloat64(at + 32, true),
    error: view.getFloat64(at + 40, true),
    hours: view.getFloat64(at + 48, true),
    predicted: pair(56),
    realised: pair(72),
  }
}
