import { ASSETS } from '../model/assets.ts'
import { assert } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { type Report, reportKinds } from '../model/reports.ts'
import type { LiveBlock, ModelStatus } from '../model/stages.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { VENUE_SLOTS } from '../model/venues.ts'

/* Parcel (v1), little-endian, see docs/scale-out.md: what the core of one asset said in a turn, one Kafka message
     0 u16 magic 0x504c | 2 u8 version | 3 u8 0 | 4 u16 asset | 6 u16 entries
     8 u32 generation of the group | 12 u32 sequence of this owner's parcels of this asset
    16 u8[16] owner | 32 f64 sentMs | 40 u32 behindMs | 44 u32 0
    48 entries: u32 bytes | u8 kind | u8 timeframe | u16 0 | f64 clockMs | payload, padded to 8
   Kinds 1 to 5 carry a block as in docs/wire.md, the others UTF-8 JSON. */
const MAGIC = 0x504c
const VERSION = 1
const HEADER_BYTES = 48
const ENTRY_BYTES = 16
const OWNER_AT = 16
export const OWNER_BYTES = 16

const blockKinds = { closed: 1, key: 2, delta: 3, refresh: 5 } as const
const nameOfBlock = new Map<number, LiveBlock['kind']>(
  Object.entries(blockKinds).map(([name, kind]) => [kind, name as LiveBlock['kind']]),
)
const STATUS = 16
const REPORT = 17

/** What a gateway has to know of an asset beside its columns. */
export interface AssetStatus {
  /** By venue id, positions in venueStates. */
  readonly states: readonly number[]
  readonly model: ModelStatus
  readonly liquidity: AssetLiquidity | undefined
}

export type Entry =
  | { readonly kind: 'block'; readonly live: LiveBlock }
  | { readonly kind: 'status'; readonly asset: AssetId; readonly status: AssetStatus }
  | { readonly kind: 'report'; readonly report: Report }

export interface ParcelHeader {
  readonly asset: AssetId
  readonly generation: number
  readonly sequence: number
  /** Text of the owner's 16 bytes. */
  readonly owner: string
  readonly sentMs: number
  /** How far the owner was behind the log. */
  readonly behindMs: number
}

export interface Parcel extends ParcelHeader {
  readonly entries: readonly Entry[]
}

/** One entry as bytes; what is larger than a parcel may be is left out (undefined). */
export function encodeEntry(entry: Entry): Uint8Array | undefined {
  const payload = entry.kind === 'block' ? entry.live.block : jsonOf(entry)
  const bytes = ENTRY_BYTES + Math.ceil(payload.length / 8) * 8
  if (HEADER_BYTES + bytes > limits.parcelBytesMax) return undefined
  const encoded = new Uint8Array(bytes)
  const view = new DataView(encoded.buffer)
  view.setUint32(0, payload.length, true)
  if (entry.kind === 'block') {
    view.setUint8(4, blockKinds[entry.live.kind])
    view.setUint8(5, entry.live.timeframe)
    view.setFloat64(8, entry.live.clockMs, true)
  } else view.setUint8(4, entry.kind === 'status' ? STATUS : REPORT)
  encoded.set(payload, ENTRY_BYTES)
  return encoded
}

export function encodeParcel(
  header: Omit<ParcelHeader, 'owner'> & { readonly owner: Uint8Array },
  entries: readonly Uint8Array[],
): Buffer {
  assert(header.owner.length === OWNER_BYTES, 'an owner has 16 bytes')
  const parcel = Buffer.concat([Buffer.alloc(HEADER_BYTES), ...entries])
  parcel.writeUInt16LE(MAGIC, 0)
  parcel.writeUInt8(VERSION, 2)
  parcel.writeUInt16LE(header.asset, 4)
  parcel.writeUInt16LE(entries.length, 6)
  parcel.writeUInt32LE(header.generation, 8)
  parcel.writeUInt32LE(header.sequence, 12)
  parcel.set(header.owner, OWNER_AT)
  parcel.writeDoubleLE(header.sentMs, 32)
  parcel.writeUInt32LE(Math.min(header.behindMs, 2 ** 32 - 1), 40)
  return parcel
}

/** Undefined where the bytes are no parcel of ours. The blocks are copies: Kafka's buffer is let go of. */
export function decodeParcel(bytes: Uint8Array): Parcel | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > limits.parcelBytesMax) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const asset = view.getUint16(4, true) as AssetId
  if (view.getUint16(0, true) !== MAGIC || view.getUint8(2) !== VERSION || asset >= ASSETS) return undefined
  const entries: Entry[] = []
  let at = HEADER_BYTES
  for (let left = view.getUint16(6, true); left > 0; left--) {
    if (at + ENTRY_BYTES > bytes.length) return undefined
    const size = view.getUint32(at, true)
    const from = at + ENTRY_BYTES
    if (from + size > bytes.length) return undefined
    const entry = entryOf(view, at, asset, bytes.subarray(from, from + size))
    if (entry === undefined) return undefined
    entries.push(entry)
    at = from + Math.ceil(size / 8) * 8
  }
  if (at !== bytes.length) return undefined
  return {
    asset,
    generation: view.getUint32(8, true),
    sequence: view.getUint32(12, true),
    owner: Buffer.from(bytes.subarray(OWNER_AT, OWNER_AT + OWNER_BYTES)).toString('hex'),
    sentMs: view.getFloat64(32, true),
    behindMs: view.getUint32(40, true),
    entries,
  }
}

/** Bytes of a parcel without its entries. */
export const PARCEL_HEADER_BYTES = HEADER_BYTES

function entryOf(view: DataView, at: number, asset: AssetId, payload: Uint8Array): Entry | undefined {
  const kind = view.getUint8(at + 4)
  const block = nameOfBlock.get(kind)
  if (block !== undefined) {
    const timeframe = view.getUint8(at + 5)
    const clockMs = view.getFloat64(at + 8, true)
    if (timeframe >= TIMEFRAMES) return undefined
    return { kind: 'block', live: { asset, timeframe, kind: block, clockMs, block: new Uint8Array(payload) } }
  }
  const told = parsed(payload)
  if (kind === STATUS) {
    const status = statusOf(told)
    return status && { kind: 'status', asset, status }
  }
  if (kind === REPORT) return isReport(told, asset) ? { kind: 'report', report: told } : undefined
  return undefined
}

function jsonOf(entry: Exclude<Entry, { kind: 'block' }>): Uint8Array {
  return Buffer.from(JSON.stringify(entry.kind === 'status' ? entry.status : entry.report))
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString())
  } catch {
    return undefined
  }
}

/** JSON has no infinity: what is not known yet came as null. */
function statusOf(told: unknown): AssetStatus | undefined {
  const { states, model, liquidity } = (told ?? {}) as Partial<AssetStatus>
  if (!Array.isArray(states) || states.length !== VENUE_SLOTS || typeof model?.state !== 'number') return undefined
  const known = {
    ...model,
    mean: model.mean ?? Number.POSITIVE_INFINITY,
    error: model.error ?? Number.POSITIVE_INFINITY,
  }
  return { states, model: known, liquidity }
}

function isReport(told: unknown, asset: AssetId): told is Report {
  const { kind, asset: of } = (told ?? {}) as Partial<Report>
  return of === asset && (reportKinds as readonly unknown[]).includes(kind)
}
