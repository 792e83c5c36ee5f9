import { basename } from 'node:path'
import { LmapError } from '../../model/errors.ts'
import { createHyperliquidMapper } from '../hyperliquid/mapper.ts'
import type { Mapper } from '../mapper.ts'
import { type LineFile, openLines } from './lines.ts'
import { recordedMarkets } from './markets.ts'
import type { Recording, Step } from './recording.ts'

const NAME = /^(l2|trades|ctx)_([A-Za-z0-9]+)_.*\.jsonl(\.gz)?$/
const STEPS_AT_ONCE = 256

/** JSON lines by time: books, trades, and open interest with mark price, one kind and one coin to a file. */
export function isHyperliquidFile(path: string): boolean {
  return NAME.test(basename(path))
}

/** The files are merged by time. Their lines lack what the file's name says: the kind and the coin. */
export function openHyperliquid(paths: readonly string[], assets?: readonly string[]): Recording {
  const mapper = createHyperliquidMapper({ markets: recordedMarkets('hyperliquid', assets) })
  const files = paths.map(openLines)
  let rejected = 0
  const refuse = () => {
    rejected++
  }
  return {
    format: 'Hyperliquid, JSON lines',
    mapper,
    progress: () => files.reduce((sum, file) => sum + file.progress(), 0) / files.length,
    rejected: () => rejected,
    async *steps() {
      const sources = files.map((file) => stepsOf(file, mapper, refuse))
      yield* merged(sources)
    },
  }
}

/** In order of time. A source that breaks is told about after all others have been played to their end. */
async function* merged(sources: readonly AsyncGenerator<Step>[]): AsyncGenerator<readonly Step[]> {
  let failure: unknown
  const next = async (source: AsyncGenerator<Step>): Promise<Step | undefined> => {
    try {
      const result = await source.next()
      return result.done === true ? undefined : result.value
    } catch (error) {
      failure ??= error
      return undefined
    }
  }
  const heads = await Promise.all(sources.map(next))
  let steps: Step[] = []
  for (;;) {
    let first = -1
    for (const [index, head] of heads.entries()) {
      if (head !== undefined && (first < 0 || head.receiveMs < heads[first]!.receiveMs)) first = index
    }
    if (first < 0) break
    steps.push(heads[first]!)
    if (steps.length === STEPS_AT_ONCE) {
      yield steps
      steps = []
    }
    heads[first] = await next(sources[first]!)
  }
  yield steps
  if (failure !== undefined) throw failure
}

async function* stepsOf(file: LineFile, mapper: Mapper, refuse: () => void): AsyncGenerator<Step> {
  const [, kind, coin] = NAME.exec(basename(file.path)) ?? []
  if (kind === undefined || coin === undefined) {
    const hint = 'Such files are named l2_BTC_20260611.jsonl.gz, trades_... or ctx_...'
    throw new LmapError('LMAP_FILE_FORMAT', `${file.path}: the name does not say which coin it holds.`, { hint })
  }
  for await (const lines of file.lines()) {
    for (const line of lines) {
      if (line === '') continue
      const step = stepOf(line, kind, coin, mapper)
      if (step === undefined) refuse()
      else yield step
    }
  }
}

function stepOf(line: string, kind: string, coin: string, mapper: Mapper): Step | undefined {
  const row = parsed(line)
  if (row === undefined || typeof row.ts !== 'number') return undefined
  const receiveMs = row.ts
  const message = messageOf(row, kind, coin, receiveMs)
  return { receiveMs, play: (out) => mapper.message(message, receiveMs, out) }
}

/** The frame that the venue would have sent. */
function messageOf(row: Record<string, unknown>, kind: string, coin: string, time: number): unknown {
  if (kind === 'l2') {
    return { channel: 'l2Book', data: { coin, time, levels: [levelsOf(row.bids), levelsOf(row.asks)] } }
  }
  if (kind === 'trades') {
    return { channel: 'trades', data: [{ coin, time, side: row.side, px: row.px, sz: row.sz }] }
  }
  return { channel: 'activeAssetCtx', data: { coin, ctx: { openInterest: row.oi, markPx: row.mark } } }
}

/** Rows of price and size become the venue's objects; anything else is passed on for the mapper to refuse. */
function levelsOf(rows: unknown): unknown {
  return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? { px: row[0], sz: row[1] } : row)) : rows
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const row: unknown = JSON.parse(line)
    return typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
