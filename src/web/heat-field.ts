import { BUCKETS, Layer, QUANTUM_RATIO } from '../model/layers.ts'
import { readModeCodes } from '../model/mode-codes.ts'
import type { Mode } from '../model/modes.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { Column } from '../wire/blocks.ts'
import { CHANNELS, Channel } from './palette.ts'

/** Time slots that the field can hold; with gaps a stream of COLUMNS columns spans more slots than columns. */
export const SLOTS = 2048
/** Rows of cells: each shown column has one. */
export const ROWS = COLUMNS
/** Numbers per slot: row (-1: nothing is known of that time), base bucket, step, price at its end (0: unknown). */
export const SLOT_FIELDS = 4

const NO_ROW = -1

/**
 * What the heat layer draws: for every slot of time its codes as (realised, predicted, bid, ask) per bucket, in the
 * reading of one mode. Slot 0 is the oldest column; a slot is a timeframe long, so gaps in time stay gaps.
 */
export class HeatField {
  readonly codes = new Uint8Array(ROWS * BUCKETS * CHANNELS)
  readonly slots = new Float32Array(SLOTS * SLOT_FIELDS)
  /** Rows whose codes have changed since a painter took them; a painter clears what it took. */
  readonly dirtyRows = new Uint8Array(ROWS)
  /** Grows with every change. */
  version = 0
  /** USD of code 1, the same for every column here. */
  quantumUsd = 1
  firstMs = 0
  lastSlot = -1
  /** The oldest slot that still has its cells. */
  oldestSlot = 0
  readonly #slotOfRow = new Int32Array(ROWS)
  #timeframeMs = 1
  #nextRow = 0
  #mode: Mode = 'hybrid'

  /** Takes all columns anew. Those that lie further back than SLOTS are left out. */
  reset(columns: readonly Column[], live: Column | undefined, timeframeMs: number, mode: Mode): void {
    this.#timeframeMs = timeframeMs
    this.#mode = mode
    this.#nextRow = 0
    this.#slotOfRow.fill(NO_ROW)
    for (let slot = 0; slot < SLOTS; slot++) this.slots[slot * SLOT_FIELDS] = NO_ROW
    this.lastSlot = -1
    this.oldestSlot = 0
    this.version++
    const newest = live ?? columns.at(-1)
    if (newest === undefined) return
    this.quantumUsd = newest.quantumUsd
    // Half of the slots stay free for what is to come.
    const reachMs = (SLOTS / 2) * timeframeMs
    const shown = columns.filter((column) => column.openMs > newest.openMs - reachMs)
    this.firstMs = shown[0]?.openMs ?? newest.openMs
    for (const column of shown) this.put(column)
    if (live !== undefined) this.put(live)
  }

  /** Slot of a time; may lie outside of [0, SLOTS). */
  slotOf(openMs: number): number {
    return Math.round((openMs - this.firstMs) / this.#timeframeMs)
  }

  /** Slot in which a time lies. */
  slotBefore(ms: number): number {
    return Math.floor((ms - this.firstMs) / this.#timeframeMs)
  }

  /** USD per bucket of a slot, that of the newest where it holds nothing. */
  stepAt(slot: number): number {
    return this.#factAt(slot, 2)
  }

  /** Price at a slot's end, that of the newest where it holds nothing. */
  closeAt(slot: number): number {
    return this.#factAt(slot, 3)
  }

  msOf(slot: number): number {
    return this.firstMs + slot * this.#timeframeMs
  }

  /** Draws a column into its slot, whether it is there already or new. False where it has no slot: reset then. */
  put(column: Column): boolean {
    const slot = this.slotOf(column.openMs)
    if (slot < 0 || slot >= SLOTS) return false
    const at = slot * SLOT_FIELDS
    let row = this.slots[at]!
    if (row === NO_ROW) {
      row = this.#nextRow
      this.#nextRow = (row + 1) % ROWS
      const before = this.#slotOfRow[row]!
      if (before !== NO_ROW) {
        this.slots[before * SLOT_FIELDS] = NO_ROW
        this.oldestSlot = before + 1
      }
      this.#slotOfRow[row] = slot
      this.slots[at] = row
    }
    this.slots[at + 1] = column.baseBucket
    this.slots[at + 2] = column.step
    this.slots[at + 3] = column.close
    this.lastSlot = Math.max(this.lastSlot, slot)
    this.#compose(column, row)
    this.dirtyRows[row] = 1
    this.version++
    return true
  }

  #factAt(slot: number, fact: number): number {
    const known = this.slots[slot * SLOT_FIELDS]! >= 0 ? slot : this.lastSlot
    return this.slots[known * SLOT_FIELDS + fact] ?? 0
  }

  #compose(column: Column, row: number): void {
    const { codes, quantumUsd } = this
    const at = row * BUCKETS * CHANNELS
    const place = (channel: number) => ({ codes, at: at + channel, stride: CHANNELS })
    readModeCodes(this.#mode, column, quantumUsd, place(Channel.realised), place(Channel.predicted))
    // Columns of another epoch can have another quantum: on a log scale that is a shift.
    const shift = Math.round(Math.log(column.quantumUsd / quantumUsd) / Math.log(QUANTUM_RATIO))
    this.#copy(column, Layer.bid, at + Channel.bid, shift)
    this.#copy(column, Layer.ask, at + Channel.ask, shift)
  }

  #copy(column: Column, layer: number, at: number, shift: number): void {
    const { codes } = this
    const from = layer * BUCKETS
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const code = column.cells[from + bucket]!
      codes[at + bucket * CHANNELS] = code === 0 ? 0 : Math.max(0, Math.min(255, code + shift))
    }
  }
}
