import { encodeLayer } from "./codec";
import { columnRead, layerRead, levelsChanged } from "./column-read";
import {
  ACTIVE_MASK,
  BLOCK_BYTES_MAX,
  BLOCK_HEADER_BYTES,
  BUCKETS,
  COLUMN_CODES,
  C_BASE,
  C_CLOSE,
  C_HIGH,
  C_LOW,
  C_OBSERVED_MS,
  C_OPEN,
  C_OPEN_MS,
  C_VOLUME,
  EMPTY_CODES,
  HEAD_CLOCK_MS,
  HEAD_COLUMNS,
  HEAD_OBSERVED_FROM,
  HEAD_STEP,
  KEY_MASK,
  LAYERS,
  MESSAGE_BYTES,
  OUT,
  OUT_BYTES,
  OUT_USED,
  SCRATCH_CODES,
  SETTING_QUANTUM,
  TIMEFRAMES,
  columnAt,
  keyedAt,
  sentAt,
} from "./layout";

/* What the core tells the host: messages in OUT.
     u32 bytes | u8 type | u8 timeframe | u16 padding | f64 clockMs | body, padded to 16
   Bodies are blocks as in docs/wire.md. */

const MESSAGE_CLOSED: i32 = 1;
const MESSAGE_KEY: i32 = 2;
const MESSAGE_DELTA: i32 = 3;
const MESSAGE_REFRESH: i32 = 5;
const DELTA_HEADER_BYTES: usize = 20;

/** Closed column: its block, then its codes as they are (for the store). */
export function columnClosed(timeframe: i32, c: usize): void {
  columnRead(timeframe, c);
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  const bytes = writeBlock(block, MESSAGE_CLOSED, timeframe, c);
  const codes = (block + bytes + 15) & ~15;
  memory.copy(codes, sentAt(timeframe), COLUMN_CODES);
  closeMessage(message, MESSAGE_CLOSED, timeframe, codes + COLUMN_CODES);
  store<f64>(HEAD_COLUMNS, load<f64>(HEAD_COLUMNS) + 1);
}

/** The column in SENT against empty layers, of which only those with cells are written; returns its bytes. */
function writeBlock(block: usize, type: i32, timeframe: i32, c: usize): usize {
  let at = block + BLOCK_HEADER_BYTES;
  let mask = 0;
  for (let layer = 0; layer < LAYERS; layer++) {
    const bytes = encodeLayer(sentAt(timeframe) + <usize>(layer * BUCKETS), EMPTY_CODES, at);
    if (load<u16>(at) === 0) continue;
    mask |= 1 << layer;
    at += bytes;
  }
  memory.fill(block, 0, BLOCK_HEADER_BYTES);
  store<u8>(block, <u8>type);
  store<u8>(block + 1, <u8>mask);
  store<u32>(block + 4, <u32>(at - block - BLOCK_HEADER_BYTES));
  store<f64>(block + 8, load<f64>(c + C_OPEN_MS));
  store<f64>(block + 16, load<f64>(c + C_OPEN));
  store<f64>(block + 24, load<f64>(c + C_HIGH));
  store<f64>(block + 32, load<f64>(c + C_LOW));
  store<f64>(block + 40, load<f64>(c + C_CLOSE));
  store<f64>(block + 48, load<f64>(c + C_VOLUME));
  store<f64>(block + 56, load<f64>(HEAD_STEP));
  store<i32>(block + 64, load<i32>(c + C_BASE));
  store<f32>(block + 68, <f32>load<f64>(SETTING_QUANTUM));
  const live = load<f64>(HEAD_CLOCK_MS) - load<f64>(HEAD_OBSERVED_FROM);
  store<u32>(block + 72, <u32>(load<f64>(c + C_OBSERVED_MS) + live));
  return at - block;
}

/**
 * Writes what the listeners of each active timeframe need that is not to be skipped: what changed, and first of all the
 * whole column. False: OUT is too full, call again when it was read.
 */
export function columnsEmit(skip: u32): bool {
  const active = atomic.load<u32>(ACTIVE_MASK);
  // A stream that nobody listened to starts with a key when somebody does again.
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    if ((active & (1 << timeframe)) === 0) store<u32>(keyedAt(timeframe), 0);
  }
  if (active === 0 || !(load<f64>(HEAD_STEP) > 0)) return true;
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const bit: u32 = 1 << timeframe;
    if ((active & ~skip & bit) === 0) continue;
    if (<usize>load<u32>(OUT_USED) + 2 * (MESSAGE_BYTES + BLOCK_BYTES_MAX) > OUT_BYTES) return false;
    const c = columnAt(timeframe);
    const wanted = (atomic.and<u32>(KEY_MASK, ~bit) & bit) !== 0;
    if (load<u32>(keyedAt(timeframe)) === 0) {
      columnRead(timeframe, c);
      emitKey(timeframe, c, MESSAGE_KEY);
    } else {
      emitDelta(timeframe, c);
      if (wanted) emitKey(timeframe, c, MESSAGE_REFRESH);
    }
  }
  return true;
}

/** A key opens a stream; a refresh is the same block, for those who keep snapshots: listeners have the delta already. */
function emitKey(timeframe: i32, c: usize, type: i32): void {
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  const bytes = writeBlock(block, MESSAGE_KEY, timeframe, c);
  closeMessage(message, type, timeframe, block + bytes);
  store<u32>(keyedAt(timeframe), 1);
}

function emitDelta(timeframe: i32, c: usize): void {
  const sent = sentAt(timeframe);
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  let at = block + DELTA_HEADER_BYTES;
  let mask = 0;
  const layers = levelsChanged(timeframe) ? LAYERS : LAYERS - 2;
  for (let layer = 0; layer < layers; layer++) {
    const before = sent + <usize>(layer * BUCKETS);
    layerRead(timeframe, c, layer, SCRATCH_CODES);
    const bytes = encodeLayer(SCRATCH_CODES, before, at);
    if (load<u16>(at) === 0) continue;
    memory.copy(before, SCRATCH_CODES, <usize>BUCKETS);
    mask |= 1 << layer;
    at += bytes;
  }
  store<u8>(block, <u8>MESSAGE_DELTA);
  store<u8>(block + 1, <u8>mask);
  store<u16>(block + 2, <u16>(at - block - DELTA_HEADER_BYTES));
  store<f32>(block + 4, <f32>load<f64>(c + C_HIGH));
  store<f32>(block + 8, <f32>load<f64>(c + C_LOW));
  store<f32>(block + 12, <f32>load<f64>(c + C_CLOSE));
  store<f32>(block + 16, <f32>load<f64>(c + C_VOLUME));
  closeMessage(message, MESSAGE_DELTA, timeframe, at);
}

export function openMessage(): usize {
  return OUT + <usize>load<u32>(OUT_USED);
}

export function closeMessage(message: usize, type: i32, timeframe: i32, end: usize): void {
  const padded = (end - message + 15) & ~15;
  store<u32>(message, <u32>padded);
  store<u8>(message + 4, <u8>type);
  store<u8>(message + 5, <u8>timeframe);
  store<u16>(message + 6, <u16>(padded - (end - message)));
  store<f64>(message + 8, load<f64>(HEAD_CLOCK_MS));
  store<u32>(OUT_USED, load<u32>(OUT_USED) + <u32>padded);
}
