import { assert, LmapError } from '../model/errors.ts'
import { modelStates } from '../model/model-states.ts'
import { VENUE_SLOTS, venueStates } from '../model/venues.ts'

/* Frame header (v3), little-endian, see docs/wire.md
     0 u8 version | 1 u8 kind | 2 u16 asset | 4 u8 timeframe | 5 u8 flags | 6 u8 model state | 7 u8 0
     8 u32 sequence | 12 u32 epoch | 16 f64 clockMs
   Status, of every snapshot and of deltas that change it:    24 u32 model id | 28 u8[8] venue states
   Of snapshots, which are also fetched and kept as files:    36 u32 bytes that follow                     */
export const FRAME_VERSION = 3
const BASE_BYTES = 24
const STATUS_BYTES = 12
/** Header of a snapshot: the longest. */
export const HEADER_BYTES = 40
/** Header of a delta that changes nothing of the status, as nearly all do. */
export const SHORT_HEADER_BYTES = BASE_BYTES

export const FrameKind = { snapshot: 1, delta: 2 } as const
export const FrameFlag = { simulated: 1 } as const
/** Says how the header goes on, so it is no part of what a frame says. */
const STATUS_FLAG = 2

/** What changes so rarely that most deltas are silent about it. */
export interface FrameStatus {
  modelId: number
  /** By venue id, positions in venueStates; VENUE_SLOTS of them. */
  venueStates: Uint8Array
}

export interface FrameHeader {
  /** FrameKind.snapshot or FrameKind.delta. */
  kind: number
  asset: number
  timeframe: number
  flags: number
  /** Position in modelStates. */
  modelState: number
  sequence: number
  epoch: number
  /** The asset's clock, Unix ms: nothing newer is in the frame. */
  clockMs: number
  /** Undefined: as it was in the frame before. A snapshot has it. */
  status: FrameStatus | undefined
  /** Where the blocks begin. */
  bodyAt: number
}

/** A whole frame from a header and the blocks that follow it. */
export function encodeFrame(header: Omit<FrameHeader, 'bodyAt'>, blocks: readonly Uint8Array[]): Uint8Array {
  const { kind, status } = header
  const isSnapshot = kind === FrameKind.snapshot
  assert(status !== undefined || !isSnapshot, 'a snapshot has a status')
  const bodyAt = isSnapshot ? HEADER_BYTES : status === undefined ? BASE_BYTES : BASE_BYTES + STATUS_BYTES
  let bodyBytes = 0
  for (const block of blocks) bodyBytes += block.length
  const frame = new Uint8Array(bodyAt + bodyBytes)
  const view = new DataView(frame.buffer)
  view.setUint8(0, FRAME_VERSION)
  view.setUint8(1, kind)
  view.setUint16(2, header.asset, true)
  view.setUint8(4, header.timeframe)
  view.setUint8(5, status === undefined ? header.flags : header.flags | STATUS_FLAG)
  view.setUint8(6, header.modelState)
  view.setUint32(8, header.sequence, true)
  view.setUint32(12, header.epoch, true)
  view.setFloat64(16, header.clockMs, true)
  if (status !== undefined) {
    view.setUint32(24, status.modelId, true)
    frame.set(status.venueStates.subarray(0, VENUE_SLOTS), 28)
  }
  if (isSnapshot) view.setUint32(36, bodyBytes, true)
  let at = bodyAt
  for (const block of blocks) {
    frame.set(block, at)
    at += block.length
  }
  return frame
}

/** Reads and checks the header of a whole frame; throws LMAP_FRAME_VERSION or LMAP_FRAME_CORRUPT. */
export function decodeHeader(frame: Uint8Array): FrameHeader {
  if (frame.length === 0) throw corrupt('the frame is empty')
  if (frame[0] !== FRAME_VERSION) {
    throw new LmapError('LMAP_FRAME_VERSION', `frame version ${frame[0]}, this reader knows ${FRAME_VERSION}.`, {
      hint: 'Reload the page or update the client.',
    })
  }
  if (frame.length < BASE_BYTES) throw corrupt(`a frame of ${frame.length} bytes is shorter than its header`)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const flags = view.getUint8(5)
  const header: FrameHeader = {
    kind: view.getUint8(1),
    asset: view.getUint16(2, true),
    timeframe: view.getUint8(4),
    flags: flags & ~STATUS_FLAG,
    modelState: view.getUint8(6),
    sequence: view.getUint32(8, true),
    epoch: view.getUint32(12, true),
    clockMs: view.getFloat64(16, true),
    status: undefined,
    bodyAt: BASE_BYTES,
  }
  if (header.kind !== FrameKind.snapshot && header.kind !== FrameKind.delta) throw corrupt(`kind ${header.kind}`)
  if (header.modelState >= modelStates.length) throw corrupt(`model state ${header.modelState}`)
  if (!Number.isFinite(header.clockMs)) throw corrupt('the clock is not a number')
  if ((flags & STATUS_FLAG) !== 0) readStatus(header, frame, view)
  if (header.kind === FrameKind.snapshot) readLength(header, frame, view)
  return header
}

function readStatus(header: FrameHeader, frame: Uint8Array, view: DataView): void {
  header.bodyAt += STATUS_BYTES
  if (frame.length < header.bodyAt) throw corrupt(`a frame of ${frame.length} bytes is shorter than its status`)
  const states = frame.slice(28, 28 + VENUE_SLOTS)
  for (const state of states) if (state >= venueStates.length) throw corrupt(`venue state ${state}`)
  header.status = { modelId: view.getUint32(24, true), venueStates: states }
}

function readLength(header: FrameHeader, frame: Uint8Array, view: DataView): void {
  header.bodyAt = HEADER_BYTES
  if (header.status === undefined) throw corrupt('a snapshot without a status')
  if (frame.length < HEADER_BYTES) throw corrupt(`a snapshot of ${frame.length} bytes is shorter than its header`)
  const bodyBytes = view.getUint32(36, true)
  if (bodyBytes !== frame.length - HEADER_BYTES) {
    throw corrupt(`${frame.length - HEADER_BYTES} bytes follow the header, which says ${bodyBytes}`)
  }
}

/** What every reader of this folder throws for bytes that cannot be a frame. */
export function corrupt(what: string): LmapError {
  return new LmapError('LMAP_FRAME_CORRUPT', `corrupt frame: ${what}.`)
}
