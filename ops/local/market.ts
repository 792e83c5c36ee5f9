import { join } from 'node:path'
import { BatchCursor } from '../../src/model/batch-cursor.ts'
import { readHeader } from '../../src/model/events.ts'
import { openRecording } from '../../src/venues/recording/reader.ts'
import { createRecorder, type Recorder } from '../../src/venues/recording/recorder.ts'
import { startProgram } from './program.ts'

export interface MarketOptions {
  readonly seed: number
  readonly rate: number
  /** Words such as `--assets BTC,ETH`. */
  readonly chosen: readonly string[]
  readonly parts: number
  /** Of simulated time. */
  readonly partSeconds: number
  readonly folder: string
}

/** A simulated market cut into parts: each as a recording, and all up to it as one. */
export interface MarketParts {
  /** By part: what a collector plays. */
  readonly parts: readonly string[]
  /** By part: the same and all before it, as if nothing had ever been interrupted. */
  readonly wholes: readonly string[]
}

const RECORD_MS_MAX = 600_000
const NOTHING = new Uint8Array(0)

export async function recordMarket(options: MarketOptions): Promise<MarketParts> {
  const { seed, rate, chosen, parts, partSeconds, folder } = options
  const file = join(folder, 'market.lmap')
  const market = ['--seed', String(seed), '--rate', String(rate), '--duration', String(parts * partSeconds)]
  const program = await startProgram({
    name: 'market',
    script: 'src/main.ts',
    args: [...market, ...chosen, '--speed', 'max', '--no-store', '--record', file, '--port', '0', '--data', folder],
    ready: /^ {2}page /,
  })
  await program.said(/The source has ended/, RECORD_MS_MAX)
  const { code, signal } = await program.ended
  if (code !== 0) throw new Error(`the market could not be recorded (${signal ?? code})`)
  return cut(file, options)
}

/** Batches lie in the order of their time; each goes into its part, and into every whole from there on. */
async function cut(file: string, { parts, partSeconds, folder }: MarketOptions): Promise<MarketParts> {
  const { meta, blocks } = await openRecording(file)
  const open = (name: string): { path: string; recorder: Recorder } => {
    const path = join(folder, `${name}.lmap`)
    return { path, recorder: createRecorder(path, meta) }
  }
  const numbers = Array.from({ length: parts }, (_, index) => index + 1)
  const [ofParts, ofWholes] = ['part', 'whole'].map((kind) => numbers.map((number) => open(`${kind}-${number}`)))
  let firstMs: number | undefined
  let part = 0
  for await (const block of blocks()) {
    // Of a block what belongs to one part, and behind a cut what belongs to the next.
    let from = 0
    for (const { start, venueMs } of batchesOf(block)) {
      firstMs ??= venueMs
      const due = Math.min(parts - 1, Math.floor((venueMs - firstMs) / 1000 / partSeconds))
      if (due <= part) continue
      await put(block.subarray(from, start), part)
      from = start
      part = due
    }
    await put(block.subarray(from), part)
  }
  for (const { recorder } of [...ofParts!, ...ofWholes!]) await recorder.stop()
  return { parts: ofParts!.map(({ path }) => path), wholes: ofWholes!.map(({ path }) => path) }

  async function put(bytes: Uint8Array, at: number): Promise<void> {
    if (bytes.byteLength === 0) return
    for (const { recorder } of [ofParts![at]!, ...ofWholes!.slice(at)]) await recorder.write(bytes)
  }
}

function* batchesOf(block: Uint8Array): Generator<{ start: number; venueMs: number }> {
  const cursor = new BatchCursor()
  cursor.open(block)
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  while (cursor.next()) yield { start: cursor.start, venueMs: readHeader(view, cursor.start).venueMs }
  cursor.open(NOTHING)
}
