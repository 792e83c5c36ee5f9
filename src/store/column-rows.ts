import { assets } from '../model/assets.ts'
import { assert } from '../model/errors.ts'
import { BUCKETS, LAYERS, type LayerName, layers } from '../model/layers.ts'
import type { ClosedColumn } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { type NativeRows, readNative } from './native-block.ts'

const numbers = ['open', 'high', 'low', 'close', 'volumeUsd', 'observedMs', 'step', 'quantumUsd', 'baseBucket'] as const

/** Columns of an insert, in the order of columnLine. */
export const columnNames: readonly string[] = [
  'asset',
  'timeframe',
  'time',
  ...numbers,
  ...layers.flatMap(({ name }) => [`${name}Bucket`, `${name}Base64`]),
]

/** One closed column as a line of tab-separated text; each layer is cut down to its filled range. */
export function columnLine(column: ClosedColumn): string {
  assert(column.cells.length === LAYERS * BUCKETS, 'a column has all its cells')
  const fields: (string | number)[] = [
    assets[column.asset]!.name,
    timeframes[column.timeframe]!.name,
    seconds(column.openMs),
    ...numbers.map((name) => column[name]),
  ]
  for (let layer = 0; layer < LAYERS; layer++) {
    const [from, to] = filledRange(column.cells, layer * BUCKETS, (layer + 1) * BUCKETS)
    fields.push(column.baseBucket + (from - layer * BUCKETS))
    fields.push(Buffer.from(column.cells.buffer, column.cells.byteOffset + from, to - from).toString('base64'))
  }
  return `${fields.join('\t')}\n`
}

/** A time of ours as ClickHouse reads it in text: seconds with three decimals. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

/** From the first filled cell to behind the last; both are `from` where there is none. */
function filledRange(cells: Uint8Array, from: number, end: number): [number, number] {
  let first = from
  while (first < end && cells[first] === 0) first++
  if (first === end) return [from, from]
  let last = end
  while (cells[last - 1] === 0) last--
  return [first, last]
}

const types = {
  openMs: 'Float64',
  open: 'Float64',
  high: 'Float64',
  low: 'Float64',
  close: 'Float64',
  volumeUsd: 'Float64',
  observedMs: 'UInt32',
  step: 'Float64',
  quantumUsd: 'Float64',
  baseBucket: 'Int32',
  ...(Object.fromEntries(
    layers.flatMap(({ name }) => [
      [`${name}Bucket`, 'Int32'],
      [name, 'Array(UInt8)'],
    ]),
  ) as Record<`${LayerName}Bucket`, 'Int32'> & Record<LayerName, 'Array(UInt8)'>),
} as const

const selected = Object.keys(types)
  .map((name) => (name === 'openMs' ? 'toFloat64(toUnixTimestamp64Milli(time)) AS openMs' : name))
  .join(', ')

/** The newest columns of a stream, in any order. */
export function columnsQuery(asset: AssetId, timeframe: number, most: number): string {
  // Names from our own tables: nothing here comes from outside.
  const stream = `asset = '${assets[asset]!.name}' AND timeframe = '${timeframes[timeframe]!.name}'`
  // The first window is found by times alone, or FINAL would read the cells of the whole history.
  return `SELECT ${selected} FROM columns FINAL
    WHERE ${stream} AND time >= (
      SELECT min(time) FROM (SELECT DISTINCT time FROM columns WHERE ${stream} ORDER BY time DESC LIMIT ${most}))
    FORMAT Native`
}

/**
 * Columns of a stream that had closed at a time, and the given pieces of the one that was open, in any order. One
 * statement: each has a price of its own, whatever it reads.
 */
export function pastQuery(
  asset: AssetId,
  timeframe: number,
  most: number,
  atMs: number,
  pieces: readonly { readonly timeframe: number; readonly openMs: number }[],
): string {
  const { name, ms } = timeframes[timeframe]!
  const of = `asset = '${assets[asset]!.name}'`
  const closed = `timeframe = '${name}' AND time <= ${timeText(atMs - ms)}`
  const first = `SELECT min(time) FROM (SELECT DISTINCT time FROM columns WHERE ${of} AND ${closed} ORDER BY time DESC LIMIT ${most})`
  const wanted = pieces.map(
    (piece) => `(timeframe = '${timeframes[piece.timeframe]!.name}' AND time = ${timeText(piece.openMs)})`,
  )
  const conditions = [`(${closed} AND time >= (${first}))`, ...wanted].join(' OR ')
  const names = timeframes.map((one) => `'${one.name}'`).join(', ')
  return `SELECT ${selected}, toInt32(indexOf([${names}], timeframe) - 1) AS timeframeId FROM columns FINAL
    WHERE ${of} AND (${conditions}) FORMAT Native`
}

/** Reads what pastQuery asked for; oldest first. */
export function readPastColumns(bytes: Uint8Array, asset: AssetId): ClosedColumn[] {
  const columns: ClosedColumn[] = []
  readNative(bytes, { ...types, timeframeId: 'Int32' }, (block) => {
    for (let row = 0; row < block.rows; row++) columns.push(columnOf(block, row, asset, block.timeframeId[row]!))
  })
  return columns.sort((a, b) => a.openMs - b.openMs)
}

function timeText(ms: number): string {
  assert(Number.isFinite(ms), 'a time is a number')
  return `fromUnixTimestamp64Milli(${Math.floor(ms)}, 'UTC')`
}

/** Reads what columnsQuery asked for; oldest first. */
export function readColumns(bytes: Uint8Array, asset: AssetId, timeframe: number): ClosedColumn[] {
  const columns: ClosedColumn[] = []
  readNative(bytes, types, (block) => {
    for (let row = 0; row < block.rows; row++) columns.push(columnOf(block, row, asset, timeframe))
  })
  return columns.sort((a, b) => a.openMs - b.openMs)
}

function columnOf(block: NativeRows<typeof types>, row: number, asset: AssetId, timeframe: number): ClosedColumn {
  const baseBucket = block.baseBucket[row]!
  const cells = new Uint8Array(LAYERS * BUCKETS)
  layers.forEach(({ name }, layer) => {
    const first = block[`${name}Bucket`][row]! - baseBucket
    cells.set(block[name][row]!, layer * BUCKETS + first)
  })
  return {
    asset,
    timeframe,
    openMs: block.openMs[row]!,
    open: block.open[row]!,
    high: block.high[row]!,
    low: block.low[row]!,
    close: block.close[row]!,
    volumeUsd: block.volumeUsd[row]!,
    observedMs: block.observedMs[row]!,
    baseBucket,
    step: block.step[row]!,
    quantumUsd: block.quantumUsd[row]!,
    cells,
  }
}
