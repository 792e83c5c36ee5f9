import { LmapError } from '../model/errors.ts'
import { modelStates } from '../model/model-states.ts'
import { VENUE_SLOTS, venueStates } from '../model/venues.ts'

/* Frame header (v2), little-endian, see docs/wire.md
     0 u8 version | 1 u8 kind | 2 u16 asset | 4 u8 timeframe | 5 u8 flags | 6 u8 model state | 7 u8 0
     8 u32 sequence | 12 u32 epoch | 16 f64 clockMs | 24 u32 model id | 28 u8[8] venue states | 36 u32 bytes that follow */
export const FRAME_VERSION = 2
export const HEADER_BYTES = 40

export const FrameKind = { snapshot: 1, delta: 2 } as const
export const FrameFlag = { simulated: 1 } as const

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
  modelId: number
  /** By venue id, positions in venueStates; VENUE_SLOTS of them. */
  venueStates: Uint8Array
  /** Bytes of the blocks that follow the header. */
  bodyBytes: number
}

/** Writes a header to the start of `target`, which has room for HEADER_BYTES. */
export function encodeHeader(header: FrameHeader, target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, HEADER_BYTES)
  view.setUint8(0, FRAME_VERSION)
  view.setUint8(1, header.kind)
  view.setUint16(2, header.asset, true)
  view.setUint8(4, header.timeframe)
  view.setUint8(5, header.flags)
  view.setUint8(6, header.modelState)
  view.setUint8(7, 0)
  view.setUint32(8, header.sequence, true)
  view.setUint32(12, header.epoch, true)
  view.setFloat64(16, header.clockMs, true)
  view.setUint32(24, header.modelId, true)
  target.set(header.venueStates.subarray(0, VENUE_SLOTS), 28)
  view.setUint32(36, header.bodyBytes, true)
}

/** Reads and checks the header of a whole frame; throws LMAP_FRAME_VERSION or LMAP_FRAME_CORRUPT. */
export function decodeHeader(frame: Uint8Array): FrameHeader {
  if (frame.length === 0) throw corrupt('the frame is empty')
  if (frame[0] !== FRAME_VERSION) {
    throw new LmapError('LMAP_FRAME_VERSION', `frame version ${frame[0]}, this reader knows ${FRAME_VERSION}.`, {
      hint: 'Reload the page or update the client.',
    })
  }
  if (frame.length < HEADER_BYTES) throw corrupt(`a frame of ${frame.length} bytes is shorter than its header`)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const header: FrameHeader = {
    kind: view.getUint8(1),
    asset: view.getUint16(2, true),
    timeframe: view.getUint8(4),
    flags: view.getUint8(5),
    modelState: view.getUint8(6),
    sequence: view.getUint32(8, true),
    epoch: view.getUint32(12, true),
    clockMs: view.getFloat64(16, true),
    modelId: view.getUint32(24, true),
    venueStates: frame.slice(28, 28 + VENUE_SLOTS),
    bodyBytes: view.getUint32(36, true),
  }
  if (header.kind !== FrameKind.snapshot && header.kind !== FrameKind.delta) throw corrupt(`kind ${header.kind}`)
  if (header.modelState >= modelStates.length) throw corrupt(`model state ${header.modelState}`)
  for (const state of header.venueStates) if (state >= venueStates.length) throw corrupt(`venue state ${state}`)
  if (!Number.isFinite(header.clockMs)) throw corrupt('the clock is not a number')
  if (header.bodyBytes !== frame.length - HEADER_BYTES) {
    throw corrupt(`${frame.length - HEADER_BYTES} bytes follow the header, which says ${header.bodyBytes}`)
  }
  return header
}

/** A whole frame from a header and the blocks that follow it; sets the header's length. */
export function encodeFrame(header: Omit<FrameHeader, 'bodyBytes'>, blocks: readonly Uint8Array[]): Uint8Array {
  let bodyBytes = 0
  for (const block of blocks) bodyBytes += block.length
  const frame = new Uint8Array(HEADER_BYTES + bodyBytes)
  encodeHeader({ ...header, bodyBytes }, frame)
  let at = HEADER_BYTES
  for (const block of blocks) {
    frame.set(block, at)
    at += block.length
  }
  return frame
}

/** What every reader of this folder throws for bytes that cannot be a frame. */
export function corrupt(what: string): LmapError {
  return new LmapError('LMAP_FRAME_CORRUPT', `corrupt frame: ${what}.`)
}
