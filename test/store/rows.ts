import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import type { Checkpoint, ClosedColumn, LiquidationRow } from '../../src/model/stages.ts'
import type { AssetId, UnixMs } from '../../src/model/units.ts'

export const now = () => Date.now() as UnixMs
export const asset = (id: number) => id as AssetId
export const startMs = Date.UTC(2026, 0, 31, 23, 0)

export function column(changes: Partial<ClosedColumn> = {}): ClosedColumn {
  return {
    asset: asset(0),
    timeframe: 0,
    openMs: startMs,
    open: 60_000.1,
    high: 60_010.3,
    low: 59_990.7,
    close: 60_001.9,
    volumeUsd: 123_456.789,
    observedMs: 60_000,
    baseBucket: -3,
    step: 30,
    quantumUsd: 10,
    cells: new Uint8Array(LAYERS * BUCKETS),
    ...changes,
  }
}

/** A column per minute, each with its own cells. */
export function minutes(count: number, changes: Partial<ClosedColumn> = {}): ClosedColumn[] {
  return Array.from({ length: count }, (_, minute) => {
    const cells = new Uint8Array(LAYERS * BUCKETS)
    for (let cell = minute % 7; cell < cells.length; cell += 97) cells[cell] = 1 + ((cell + minute) % 255)
    return column({ openMs: startMs + minute * 60_000, cells, ...changes })
  })
}

export function liquidation(changes: Partial<LiquidationRow> = {}): LiquidationRow {
  return {
    asset: asset(1),
    venue: 1,
    side: 0,
    priceKind: 1,
    venueMs: startMs + 123,
    price: 2_500.25,
    coins: 1.5,
    usd: 3_750.375,
    ...changes,
  }
}

export function checkpoint(changes: Partial<Checkpoint> = {}): Checkpoint {
  const image = new Uint8Array(1 << 20)
  image.set([1, 2, 3, 255], 1000)
  return { asset: asset(0), offset: 7, clockMs: startMs, layout: 1, image, ...changes }
}
