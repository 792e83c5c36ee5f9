import { LAYERS } from '../model/layers.ts'
import { BlockType, COLUMN_HEADER_BYTES, type Column, DELTA_HEADER_BYTES } from './blocks.ts'
import { LAYER_HEADER_BYTES } from './cells.ts'
import { decodeGroup, encodeGroup } from './groups.ts'

export const ALL_LAYERS = 2 ** LAYERS - 1

/**
 * The block with only the layers of `mask`; the block itself where it has no others. Layers are coded independently, so
 * those of single columns and deltas are copied as they are; a group is packed anew.
 */
export function keepLayers(block: Uint8Array, mask: number): Uint8Array {
  if (block[0] === BlockType.group) {
    return (block[2]! & ~mask) === 0 ? block : encodeGroup(decodeGroup(block, 0).map((column) => strip(column, mask)))
  }
  return (block[1]! & ~mask) === 0 ? block : copyLayers(block, mask)
}

/** The newest `most` columns of a group. */
export function keepNewest(group: Uint8Array, most: number): Uint8Array {
  return group[1]! <= most ? group : encodeGroup(decodeGroup(group, 0).slice(-most))
}

function strip(column: Column, mask: number): Column {
  const size = column.cells.length / LAYERS
  for (let layer = 0; layer < LAYERS; layer++) {
    if ((mask & (1 << layer)) === 0) column.cells.fill(0, layer * size, (layer + 1) * size)
  }
  return column
}

function copyLayers(block: Uint8Array, mask: number): Uint8Array {
  const isDelta = block[0] === BlockType.delta
  const start = isDelta ? DELTA_HEADER_BYTES : COLUMN_HEADER_BYTES
  const kept = block.slice()
  const view = new DataView(kept.buffer)
  let from = start
  let to = start
  for (let layer = 0; layer < LAYERS; layer++) {
    if ((block[1]! & (1 << layer)) === 0) continue
    const end = from + LAYER_HEADER_BYTES + (block[from + 2]! | (block[from + 3]! << 8))
    if ((mask & (1 << layer)) !== 0) {
      kept.copyWithin(to, from, end)
      to += end - from
    }
    from = end
  }
  kept[1]! &= mask
  if (isDelta) view.setUint16(2, to - start, true)
  else view.setUint32(4, to - start, true)
  return kept.slice(0, to)
}
