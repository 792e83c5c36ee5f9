// Sizes of frames, layer by layer, beside what one would send without a format of one's own: JSON as it is, compressed
// by itself (gzip) and along a connection (permessage-deflate), and MessagePack. On the simulator, and on a recording.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { constants, createDeflateRaw, gzipSync } from 'node:zlib'
import { encode } from '@msgpack/msgpack'
import { BUCKETS, LAYERS, layers, usdOfCode } from '../src/model/layers.ts'
import { limits } from '../src/model/limits.ts'
import { COLUMNS } from '../src/model/timeframes.ts'
import type { SourceSpec } from '../src/venues/source.ts'
import { type Column, DELTA_HEADER_BYTES, decodeColumn, decodeDelta, emptyColumn } from '../src/wire/blocks.ts'
import { SHORT_HEADER_BYTES } from '../src/wire/frame.ts'
import { encodeGroup, GROUP_COLUMNS } from '../src/wire/groups.ts'
import { type Bench, type Row, rounded } from './figures.ts'
import { type StreamSample, streamsOf } from './streams.ts'

const RECORDING = fileURLToPath(
  new URL('../../shared/data/recordings/hftbacktest/usdm_btcusdt_20240808.gz', import.meta.url),
)
const SEED = 1
const START_MS = Date.UTC(2026, 0, 1)
/** What the default rate gives to two of 65 assets. */
const LEVELS_PER_SECOND = 600
/** The first frames carry the first whole books. */
const DELTAS_SKIPPED = 40

/** One message by every way of writing it, bytes. */
interface Sizes {
  own: number
  json: number
  gzip: number
  deflate: number
  messagePack: number
}

/** [price, USD] of the cells that a message names, by layer. */
type Cells = Record<string, [number, number][]>

export const bench: Bench = async ({ full }) => {
  const minutes = full ? COLUMNS + 10 : 12
  const deltasMax = full ? 4_000 : 300
  const options = {
    seed: SEED,
    startMs: START_MS,
    assets: ['BTC', 'DOGE'],
    levelsPerSecond: LEVELS_PER_SECOND,
    speed: 'max',
    durationMs: minutes * 60_000,
  } as const
  const samples = await samplesOf({ kind: 'simulator', options }, ['BTC', 'DOGE'], 'simulator')
  if (existsSync(RECORDING)) {
    const replay = { kind: 'replay', options: { path: RECORDING, speed: 'max' } } as const
    samples.push(...(await samplesOf(replay, ['BTC'], 'recording')))
  }
  const rows: Row[] = []
  const figures: Record<string, number> = {}
  for (const { name, key, sample } of samples) {
    const deltas = await deltaSizes(sample, deltasMax)
    const columns = snapshotSizes(sample)
    rows.push(...rowsOf(`${name}, delta`, deltas, 'B a frame'), ...rowsOf(`${name}, snapshot`, columns, 'B a column'))
    const whole = { delta: deltas.at(-1)!.sizes, snapshot: columns.at(-1)!.sizes }
    figures[`${key}DeltaBytes`] = rounded(whole.delta.own)
    figures[`${key}DeltaJsonRatio`] = rounded(whole.delta.json / whole.delta.own)
    figures[`${key}DeltaDeflateRatio`] = rounded(whole.delta.deflate / whole.delta.own)
    figures[`${key}SnapshotKb`] = rounded((whole.snapshot.own * COLUMNS) / 1000)
    figures[`${key}SnapshotJsonRatio`] = rounded(whole.snapshot.json / whole.snapshot.own)
    figures[`${key}SnapshotGzipRatio`] = rounded(whole.snapshot.gzip / whole.snapshot.own)
  }
  const recorded = samples.length > 2 ? '' : ' (the recording is not there, so only the simulator)'
  return {
    title: `Frames: 1m streams, ${minutes} minutes of the simulator (seed ${SEED}) and 6 minutes of Binance BTC${recorded}`,
    rows,
    figures,
  }
}

async function samplesOf(spec: SourceSpec, names: readonly string[], source: string) {
  const samples = await streamsOf(spec, names)
  return samples.map((sample) => ({
    name: `${source} ${sample.asset}`,
    key: `${source}${sample.asset}`,
    sample,
  }))
}

interface Part {
  readonly name: string
  readonly sizes: Sizes
}

/** Mean bytes of a delta: each layer by itself, then the whole frame. */
async function deltaSizes(sample: StreamSample, most: number): Promise<Part[]> {
  const live = emptyColumn()
  const bytes = new Float64Array(LAYERS + 1)
  const messages: Cells[] = []
  const whole: object[] = []
  let skipped = 0
  for (const { kind, block } of sample.live) {
    if (messages.length === most) break
    if (kind === 'key') {
      decodeColumn(block, 0, live)
      continue
    }
    const before = live.cells.slice()
    decodeDelta(block, 0, live)
    if (skipped++ < DELTAS_SKIPPED) continue
    for (const [layer, size] of layerBytes(block)) bytes[layer]! += size
    bytes[LAYERS]! += SHORT_HEADER_BYTES + block.length
    const cells = cellsOf(live, (at) => live.cells[at] !== before[at])
    messages.push(cells)
    whole.push({ ...factsOf(sample.asset, messages.length, live), ...filled(cells) })
  }
  const parts: Part[] = []
  for (const [layer, { name }] of layers.entries()) {
    const written = messages.map((message) => message[name]!)
    parts.push({ name, sizes: await others(bytes[layer]! / messages.length, written) })
  }
  return [...parts, { name: 'whole frame', sizes: await others(bytes[LAYERS]! / messages.length, whole) }]
}

/** All that a frame's header and its block say beside the cells: a message without that would be shorter, and of no use. */
function factsOf(asset: string, sequence: number, { high, low, close, volumeUsd }: Column): object {
  const clockMs = START_MS + sequence * limits.tickMs
  return { op: 'delta', asset, timeframe: '1m', sequence, clockMs, high, low, close, volumeUsd }
}

/** Bytes of each layer of a delta block. */
function* layerBytes(block: Uint8Array): Generator<[layer: number, bytes: number]> {
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  let at = DELTA_HEADER_BYTES
  for (let layer = 0; layer < LAYERS; layer++) {
    if ((block[1]! & (1 << layer)) === 0) continue
    const bytes = 4 + view.getUint16(at + 2, true)
    yield [layer, bytes]
    at += bytes
  }
}

async function others(own: number, messages: readonly unknown[]): Promise<Sizes> {
  const texts = messages.map((message) => JSON.stringify(message))
  const mean = (sizes: number[]): number => sizes.reduce((sum, size) => sum + size, 0) / messages.length
  return {
    own,
    json: mean(texts.map((text) => text.length)),
    gzip: mean(texts.map((text) => gzipSync(text).length)),
    deflate: (await deflatedBytes(texts)) / messages.length,
    messagePack: mean(messages.map((message) => encode(message).length)),
  }
}

/** As permessage-deflate does it: one context for the connection, flushed after each message, its 4 last bytes left out. */
async function deflatedBytes(texts: readonly string[]): Promise<number> {
  const deflate = createDeflateRaw()
  let bytes = 0
  deflate.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
  })
  for (const text of texts) {
    deflate.write(text)
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    bytes -= 4
  }
  deflate.destroy()
  return bytes
}

/** Bytes a column of the newest columns, each layer by itself, then all. */
function snapshotSizes({ closed }: StreamSample): Part[] {
  const columns: Column[] = closed.slice(1 - COLUMNS).map((column) => ({ ...column }))
  const empty = groupBytes(columns.map((column) => ({ ...column, cells: new Uint8Array(LAYERS * BUCKETS) })))
  const parts = layers.map(({ name }, layer) => {
    const single = columns.map((column) => {
      const cells = new Uint8Array(LAYERS * BUCKETS)
      cells.set(column.cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS), layer * BUCKETS)
      return { ...column, cells }
    })
    return { name, own: groupBytes(single) - empty, message: columns.map((column) => allCells(column)[name]) }
  })
  const message = columns.map(({ cells, ...facts }, index) => ({ ...facts, layers: allCells(columns[index]!) }))
  return [...parts, { name: 'whole column', own: groupBytes(columns), message }].map((part) => {
    const text = JSON.stringify(part.message)
    const gzip = gzipSync(text).length
    const sizes = { own: part.own, json: text.length, gzip, deflate: gzip, messagePack: encode(part.message).length }
    for (const key of Object.keys(sizes) as (keyof Sizes)[]) sizes[key] /= columns.length
    return { name: part.name, sizes }
  })
}

function groupBytes(columns: readonly Column[]): number {
  let bytes = 0
  for (let at = 0; at < columns.length; at += GROUP_COLUMNS) {
    bytes += encodeGroup(columns.slice(at, at + GROUP_COLUMNS)).length
  }
  return bytes
}

function allCells(column: Column): Cells {
  return cellsOf(column, (at) => column.cells[at] !== 0)
}

function cellsOf(column: Column, isNamed: (at: number) => boolean): Cells {
  const digits = 3
  return Object.fromEntries(
    layers.map(({ name }, layer) => {
      const cells: [number, number][] = []
      for (let cell = 0; cell < BUCKETS; cell++) {
        const at = layer * BUCKETS + cell
        if (!isNamed(at)) continue
        const price = Number(((column.baseBucket + cell) * column.step).toPrecision(12))
        cells.push([price, Number(usdOfCode(column.cells[at]!, column.quantumUsd).toPrecision(digits))])
      }
      return [name, cells]
    }),
  )
}

function filled(cells: Cells): Cells {
  return Object.fromEntries(Object.entries(cells).filter(([, list]) => list.length > 0))
}

function rowsOf(title: string, parts: readonly Part[], unit: string): Row[] {
  return parts.map(({ name, sizes }) => {
    const number = (bytes: number): string => (bytes < 100 ? bytes.toFixed(1) : Math.round(bytes).toLocaleString('en'))
    const { own, json, gzip, deflate, messagePack } = sizes
    const note = `JSON ${number(json)}, gzip ${number(gzip)}, deflate ${number(deflate)}, MessagePack ${number(messagePack)}`
    return { name: `${title}: ${name}`, value: own, unit, note }
  })
}
