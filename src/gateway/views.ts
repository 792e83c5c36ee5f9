import { ALL_LAYERS, keepLayers, keepNewest } from '../wire/keep-layers.ts'
import { CLOSED_MAX } from './closed-columns.ts'

/** What of a stream a subscriber gets. There is one object for each, so views can be compared and be keys. */
export interface View {
  /** Layers, bit by id. */
  readonly mask: number
  /** Closed columns of a snapshot. */
  readonly columns: number
}

const known = new Map<number, View>()
export const FULL_VIEW = viewOf(ALL_LAYERS, CLOSED_MAX)

export function viewOf(mask: number, columns: number): View {
  const key = columns * (ALL_LAYERS + 1) + mask
  let view = known.get(key)
  if (view === undefined) known.set(key, (view = { mask, columns }))
  return view
}

/** Packed groups cut down to the layers of a mask: a group that is complete is cut once for all who share the mask. */
const cut = new WeakMap<Uint8Array, Map<number, Uint8Array>>()

/** Blocks of a snapshot for a view: `live` as they are sent, `groups` newest first. */
export function snapshotOf(view: View, live: readonly Uint8Array[], groups: readonly Uint8Array[]): Uint8Array[] {
  if (view === FULL_VIEW) return [...live, ...groups]
  const blocks = live.map((block) => keepLayers(block, view.mask))
  let left = view.columns
  for (const group of groups) {
    if (left === 0) break
    const count = group[1]!
    blocks.push(count > left ? keepLayers(keepNewest(group, left), view.mask) : cutGroup(group, view.mask))
    left -= Math.min(count, left)
  }
  return blocks
}

function cutGroup(group: Uint8Array, mask: number): Uint8Array {
  let masks = cut.get(group)
  if (masks === undefined) cut.set(group, (masks = new Map()))
  let block = masks.get(mask)
  if (block === undefined) masks.set(mask, (block = keepLayers(group, mask)))
  return block
}
