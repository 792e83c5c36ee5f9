import { z } from 'zod'
import { assetByName } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { LAYERS, layers } from '../model/layers.ts'
import { limits } from '../model/limits.ts'
import { type ReportKind, reportKinds } from '../model/reports.ts'
import { COLUMNS, timeframeId } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { type Range, ranges } from '../wire/keep-range.ts'

export interface Subscribe {
  op: 'subscribe'
  asset: AssetId
  timeframe: number
  /** Bit by layer; undefined: all that there may be. */
  mask: number | undefined
  /** Columns, the live one included; undefined: all that there may be. */
  columns: number | undefined
  /** Percent of price to either side, 0: all. */
  range: Range
}

/** The same for the reports of an asset. */
export interface SubscribeReports {
  op: 'subscribe'
  channel: 'reports'
  asset: AssetId
  /** Undefined: all that there may be. */
  kinds: readonly ReportKind[] | undefined
}

/** A control message with its names turned into ids, see docs/wire.md. */
export type Control =
  | { op: 'unsubscribe' | 'resync'; asset: AssetId; timeframe: number }
  | Subscribe
  | { op: 'unsubscribe' | 'resync'; channel: 'reports'; asset: AssetId }
  | SubscribeReports
  | { op: 'ack'; read: readonly { asset: AssetId; timeframe: number; sequence: number }[] }

const SEQUENCE_MAX = 2 ** 32 - 1
const stream = { asset: z.string(), timeframe: z.string() }
const schema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('subscribe'),
    ...stream,
    layers: z.array(z.string()).min(1).max(LAYERS).optional(),
    columns: z.int().min(1).max(COLUMNS).optional(),
    range: z.literal(ranges).optional(),
  }),
  z.strictObject({ op: z.literal('unsubscribe'), ...stream }),
  z.strictObject({ op: z.literal('resync'), ...stream }),
  z.strictObject({
    op: z.literal('ack'),
    sequence: z.array(z.tuple([z.string(), z.string(), z.int().min(0).max(SEQUENCE_MAX)])).max(limits.clientStreamsMax),
  }),
])

const reports = { channel: z.literal('reports'), asset: z.string() }
const reportsSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('subscribe'),
    ...reports,
    kinds: z.array(z.enum(reportKinds)).min(1).max(reportKinds.length).optional(),
  }),
  z.strictObject({ op: z.literal('unsubscribe'), ...reports }),
  z.strictObject({ op: z.literal('resync'), ...reports }),
])

/** What a text message says as JSON; throws LMAP_REQUEST_INVALID where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new LmapError('LMAP_REQUEST_INVALID', 'The message is not JSON.', { cause })
  }
}

/** Checks a message; throws LMAP_REQUEST_INVALID for its form, LMAP_REQUEST_UNKNOWN for a name that there is not. */
export function parseControl(message: unknown): Control {
  if (typeof message === 'object' && message !== null && 'channel' in message) return parseReports(message)
  const parsed = schema.safeParse(message)
  if (!parsed.success) throw new LmapError('LMAP_REQUEST_INVALID', describeFault(parsed.error))
  const control = parsed.data
  if (control.op === 'subscribe') {
    const { op, asset, timeframe, layers: names, columns, range } = control
    return { op, ...streamOf(asset, timeframe), mask: names && maskOf(names), columns, range: range ?? 0 }
  }
  if (control.op !== 'ack') return { op: control.op, ...streamOf(control.asset, control.timeframe) }
  const read = control.sequence.map(([asset, timeframe, sequence]) => ({ ...streamOf(asset, timeframe), sequence }))
  return { op: 'ack', read }
}

function parseReports(message: object): Control {
  const parsed = reportsSchema.safeParse(message)
  if (!parsed.success) throw new LmapError('LMAP_REQUEST_INVALID', describeFault(parsed.error))
  const { op, channel, asset: assetName } = parsed.data
  const asset = assetOf(assetName)
  return op === 'subscribe' ? { op, channel, asset, kinds: parsed.data.kinds } : { op, channel, asset }
}

/** Ids of a stream's names; throws LMAP_REQUEST_UNKNOWN. */
export function streamOf(assetName: string, timeframeName: string): { asset: AssetId; timeframe: number } {
  const asset = assetOf(assetName)
  const timeframe = timeframeId(timeframeName)
  if (timeframe < 0) throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no timeframe ${quote(timeframeName)}.`)
  return { asset, timeframe }
}

/** Id of an asset's name; throws LMAP_REQUEST_UNKNOWN. */
export function assetOf(name: string): AssetId {
  const asset = assetByName(name)
  if (asset !== undefined) return asset.id
  throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no asset ${quote(name)}.`, {
    hint: '/api/v1/assets lists them.',
  })
}

function maskOf(names: readonly string[]): number {
  return names.reduce((mask, name) => {
    const id = layers.findIndex((layer) => layer.name === name)
    if (id < 0) throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no layer ${quote(name)}.`)
    return mask | (1 << id)
  }, 0)
}

/** A client's own word in an answer: short and without control characters. */
export function quote(word: string): string {
  const wordMax = 32
  return JSON.stringify(word.length > wordMax ? `${word.slice(0, wordMax)}…` : word)
}

function describeFault(error: z.ZodError): string {
  const [issue] = error.issues
  const place = issue === undefined || issue.path.length === 0 ? 'The message' : `Field ${issue.path.join('.')}`
  return `${place}: ${issue?.message ?? 'not understood'}.`
}
