import { batchApply, batchIsNew } from "./events";
import { OUT_BATCH_MAX, OUT_BYTES, OUT_USED, RING, RING_BYTES, RING_HEAD, RING_TAIL } from "./layout";

/* Single-producer single-consumer ring of event batches (docs/events.md). The main thread writes whole batches and
   then moves HEAD; the thread that has the asset's turn reads them and moves TAIL. Positions count bytes modulo 2^32. Every
   field lies on 8 bytes and the ring is a multiple of 8, so no field is ever cut by the ring's end. */

const RING_MASK: u32 = <u32>RING_BYTES - 1;
const HEADER_BYTES: u32 = 40;
const RECORD_BYTES: u32 = 16;

// @ts-ignore: decorator
@inline
export function ringAt(position: u32): usize {
  return RING + <usize>(position & RING_MASK);
}

/** Applies what waits in the ring. True: it is empty; false: OUT must be read first. */
export function ringDrain(): bool {
  if (OUT_BATCH_MAX > OUT_BYTES) ERROR("OUT has no room for what one batch can add");
  const head = atomic.load<u32>(RING_HEAD);
  let tail = load<u32>(RING_TAIL);
  while (tail !== head) {
    if (<usize>load<u32>(OUT_USED) + OUT_BATCH_MAX > OUT_BYTES) {
      atomic.store<u32>(RING_TAIL, tail);
      return false;
    }
    const word = load<u64>(ringAt(tail));
    const count = <u32>(word >> 48);
    if (batchIsNew(tail, <i32>((word >> 24) & 255))) batchApply(tail + HEADER_BYTES, count);
    tail += HEADER_BYTES + count * RECORD_BYTES;
  }
  atomic.store<u32>(RING_TAIL, tail);
  return true;
}
