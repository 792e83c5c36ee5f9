import { ALL_LAYERS, keepLayers, keepNewest } from '../wire/keep-layers.ts'
import { keepRange, type Range } from '../wire/keep-range.ts'
import { CLOSED_MAX } from './closed-columns.ts'

/** What of a stream a subscriber gets. There is one object for each, so views can be compared and be keys. */
export interface View {
  /** Layers, bit by id. */
  readonly mask: number
  /** Closed columns of a snapshot. */
  readonly columns: number
  /** Percent of price to either side, 0: all. */
  readonly range: Range
}

/** Above every range. */
const RANGES_END = 100
const known = new Map<number, View>()
export const FULL_VIEW = viewOf(ALL_LAYERS, CLOSED_MAX, 0)

export function viewOf(mask: number, columns: number, range: Range): View {
  const key = (columns * RANGES_END + range) * (ALL_LAYERS + 1) + mask
  let view = known.get(key)
  if (view === undefined) known.set(key, (view = { mask, columns, range }))
  return view
}

/** Packed groups cut down to a view: a group that is complete is cut once for all who share layers and range. */
const cut = new WeakMap<Uint8Array, Map<View, Uint8Array>>()

/** Blocks of a snapshot for a view: `live` as its subscribers have them, `groups` whole, newest first. */
export function snapshotOf(view: View, live: readonly Uint8Array[], groups: readonly Uint8Array[]): Uint8Array[] {
  if (view === FULL_VIEW) return [...live, ...groups]
  const blocks = live.map((block) => keepLayers(block, view.mask))
  let left = view.columns
  for (const group of groups) {
    if (left === 0) break
    const count = group[1]!
    blocks.push(count > left ? keepPart(keepNewest(group, left), view) : cutGroup(group, view))
    left -= Math.min(count, left)
  }
  return blocks
}

function cutGroup(group: Uint8Array, { mask, range }: View): Uint8Array {
  const part = viewOf(mask, 0, range)
  let parts = cut.get(group)
  if (parts === undefined) cut.set(group, (parts = new Map()))
  let block = parts.get(part)
  if (block === undefined) parts.set(part, (block = keepPart(group, part)))
  return block
}

function keepPart(group: Uint8Array, { mask, range }: View): Uint8Array {
  return keepLayers(keepRange(group, range), mask)
}
