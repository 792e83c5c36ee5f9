import { assert } from '../model/errors.ts'
import { BUCKETS, codeOfUsd, Layer, usdOfCode } from '../model/layers.ts'
import type { ClosedColumn } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'

/** A closed column that is a part of a longer one. */
export interface Piece {
  readonly timeframe: number
  readonly openMs: number
}

/**
 * The closed columns that lie in the column of `timeframe` that was open at `atMs`, oldest first: as few as possible,
 * so the longest ones that had closed by then. None where the open column had no closed minute yet.
 */
export function piecesOf(timeframe: number, atMs: number): Piece[] {
  const { ms } = timeframes[timeframe]!
  const pieces: Piece[] = []
  let fromMs = Math.floor(atMs / ms) * ms
  for (let shorter = timeframe - 1; shorter >= 0; shorter--) {
    const pieceMs = timeframes[shorter]!.ms
    for (; fromMs + pieceMs <= atMs; fromMs += pieceMs) pieces.push({ timeframe: shorter, openMs: fromMs })
  }
  return pieces
}

const CODES = 256
const cumulated = [Layer.longLiq, Layer.shortLiq]
const averaged = [Layer.bid, Layer.ask]
const newest = [Layer.bidLast, Layer.askLast, Layer.longLevel, Layer.shortLevel]

/**
 * The column that these pieces, oldest first, had made of one that was still open: what the core would have said at the
 * end of the newest piece, but for the rounding of codes. Pieces of an older grid than the newest one's are left out.
 */
export function openColumnOf(pieces: readonly ClosedColumn[], timeframe: number): ClosedColumn | undefined {
  const last = pieces.at(-1)
  if (last === undefined) return undefined
  const same = pieces.filter(({ step, quantumUsd }) => step === last.step && quantumUsd === last.quantumUsd)
  const priced = same.filter(({ close }) => close > 0)
  const { baseBucket } = same[0]!
  const observedMs = same.reduce((sum, piece) => sum + piece.observedMs, 0)
  const cells = new Uint8Array(last.cells.length)
  // Windows follow the price: at the edges, the newest piece that reaches there says what is known.
  for (const layer of newest) for (const piece of same) placeNewest(cells, layer, baseBucket, piece)
  for (const layer of cumulated) placeSum(cells, layer, baseBucket, same, () => 1)
  // An average of averages: each counts for as long as its book was known.
  for (const layer of averaged) placeSum(cells, layer, baseBucket, same, (piece) => piece.observedMs / observedMs)
  const ms = timeframes[timeframe]!.ms
  return {
    asset: last.asset,
    timeframe,
    openMs: Math.floor(last.openMs / ms) * ms,
    open: priced[0]?.open ?? 0,
    high: priced.length === 0 ? 0 : Math.max(...priced.map(({ high }) => high)),
    low: priced.length === 0 ? 0 : Math.min(...priced.map(({ low }) => low)),
    close: priced.at(-1)?.close ?? 0,
    volumeUsd: same.reduce((sum, piece) => sum + piece.volumeUsd, 0),
    observedMs,
    baseBucket,
    step: last.step,
    quantumUsd: last.quantumUsd,
    cells,
  }
}

function placeNewest(cells: Uint8Array, layer: number, baseBucket: number, piece: ClosedColumn): void {
  const shift = piece.baseBucket - baseBucket
  const from = layer * BUCKETS
  for (let bucket = Math.max(0, -shift); bucket < BUCKETS && bucket + shift < BUCKETS; bucket++) {
    cells[from + bucket + shift] = piece.cells[from + bucket]!
  }
}

function placeSum(
  cells: Uint8Array,
  layer: number,
  baseBucket: number,
  pieces: readonly ClosedColumn[],
  weight: (piece: ClosedColumn) => number,
): void {
  assert(pieces.length > 0, 'a sum has parts')
  const { quantumUsd } = pieces[0]!
  const usdOf = Float64Array.from({ length: CODES }, (_, code) => usdOfCode(code, quantumUsd))
  const sums = new Float64Array(BUCKETS)
  const from = layer * BUCKETS
  for (const piece of pieces) {
    const share = weight(piece)
    if (!(share > 0)) continue
    const shift = piece.baseBucket - baseBucket
    for (let bucket = Math.max(0, -shift); bucket < BUCKETS && bucket + shift < BUCKETS; bucket++) {
      const code = piece.cells[from + bucket]!
      if (code !== 0) sums[bucket + shift]! += share * usdOf[code]!
    }
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (sums[bucket]! > 0) cells[from + bucket] = codeOfUsd(sums[bucket]!, quantumUsd)
  }
}
