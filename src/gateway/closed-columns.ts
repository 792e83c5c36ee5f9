import { assert } from '../model/errors.ts'
import { COLUMNS } from '../model/timeframes.ts'
import { BlockType, type Column, decodeColumn, emptyColumn, encodeColumn } from '../wire/blocks.ts'
import { decodeGroup, encodeGroup, GROUP_COLUMNS } from '../wire/groups.ts'

/** Closed columns of a stream that are kept at least: all that is shown but the live one. */
export const CLOSED_MAX = COLUMNS - 1

/** Columns of one stretch of time, ascending; the newest stretch is the only one that grows. */
interface Group {
  readonly startMs: number
  readonly openMs: number[]
  /** Each as a `closed` block; empty while only `packed` is kept. */
  blocks: Uint8Array[]
  /** All of them as one block. Made when it is first asked for, forgotten when a column is added. */
  packed: Uint8Array | undefined
}

/**
 * The newest closed columns of one stream, each open time once. Stretches of time that are over are kept as one packed
 * block, which is a fifth of its columns and what newcomers are sent; older stretches go as a whole.
 */
export class ClosedColumns {
  readonly #groupMs: number
  /** Ascending. */
  readonly #groups: Group[] = []
  #count = 0
  #changes = 0

  constructor(timeframeMs: number) {
    this.#groupMs = timeframeMs * GROUP_COLUMNS
  }

  get count(): number {
    return this.#count
  }

  /** Grows with every change: equal where nothing has changed. */
  get changes(): number {
    return this.#changes
  }

  /** False where the column is known already (a closed column never changes) or older than all that is kept. */
  add(openMs: number, block: Uint8Array): boolean {
    const startMs = Math.floor(openMs / this.#groupMs) * this.#groupMs
    const group = this.#groupAt(startMs)
    const place = placeOf(group.openMs, openMs)
    if (group.openMs[place] === openMs) return false
    if (this.#count - group.openMs.length >= CLOSED_MAX && group === this.#groups[0]) {
      if (group.openMs.length === 0) this.#groups.shift()
      return false
    }
    assert(group.openMs.length < GROUP_COLUMNS, 'a stretch of time has room for its columns')
    unpackInto(group)
    group.openMs.splice(place, 0, openMs)
    group.blocks.splice(place, 0, block)
    group.packed = undefined
    this.#count++
    this.#changes++
    const oldest = this.#groups[0]!
    if (this.#count - oldest.openMs.length >= CLOSED_MAX) {
      this.#groups.shift()
      this.#count -= oldest.openMs.length
    }
    return true
  }

  /** Packs one stretch of time that is over, about two milliseconds. Answers whether there was one. */
  packNext(): boolean {
    const due = this.#groups.slice(0, -1).find((group) => group.packed === undefined)
    if (due !== undefined) packedOf(due, true)
    return due !== undefined
  }

  /** Blocks that hold the newest `most` columns and at most the rest of a stretch more, newest first. */
  newestPacked(most: number): Uint8Array[] {
    const packed: Uint8Array[] = []
    let count = 0
    for (let index = this.#groups.length - 1; index >= 0 && count < most; index--) {
      const group = this.#groups[index]!
      packed.push(packedOf(group, index < this.#groups.length - 1))
      count += group.openMs.length
    }
    return packed
  }

  /** The newest `most` columns, oldest first, as they are now, decoded as they are asked for. */
  newest(most: number): Iterable<Column> {
    const chosen: { packed: Uint8Array | undefined; blocks: readonly Uint8Array[]; skip: number }[] = []
    let left = most
    for (let index = this.#groups.length - 1; index >= 0 && left > 0; index--) {
      const { openMs, packed, blocks } = this.#groups[index]!
      chosen.unshift({ packed, blocks: [...blocks], skip: Math.max(0, openMs.length - left) })
      left -= openMs.length
    }
    return read()

    function* read(): Generator<Column> {
      for (const { packed, blocks, skip } of chosen) {
        if (blocks.length > 0) for (const block of blocks.slice(skip)) yield columnOf(block)
        else yield* decodeGroup(packed!, 0).slice(skip)
      }
    }
  }

  clear(): void {
    this.#groups.length = 0
    this.#count = 0
    this.#changes++
  }

  /** The stretch that begins at `startMs`, made where there is none. Nearly always the last, so it looks from there. */
  #groupAt(startMs: number): Group {
    let place = this.#groups.length
    while (place > 0 && this.#groups[place - 1]!.startMs >= startMs) place--
    const known = this.#groups[place]
    if (known?.startMs === startMs) return known
    const group: Group = { startMs, openMs: [], blocks: [], packed: undefined }
    this.#groups.splice(place, 0, group)
    return group
  }
}

/** A stretch that is over lets go of the single columns. */
function packedOf(group: Group, isOver: boolean): Uint8Array {
  group.packed ??= encodeGroup(group.blocks.map(columnOf))
  if (isOver) group.blocks = []
  return group.packed
}

/** A column that comes late: the single ones are needed again. */
function unpackInto(group: Group): void {
  if (group.packed === undefined || group.blocks.length > 0) return
  group.blocks = decodeGroup(group.packed, 0).map((column) => encodeColumn(BlockType.closed, column))
}

function columnOf(block: Uint8Array): Column {
  const column = emptyColumn()
  decodeColumn(block, 0, column)
  return column
}

/** Index of the first time at or after `openMs`, from the end. */
function placeOf(times: readonly number[], openMs: number): number {
  let place = times.length
  while (place > 0 && times[place - 1]! >= openMs) place--
  return place
}
