import { BUCKETS, LAYERS } from '../../../src/model/layers.ts'
import type { Column } from '../../../src/wire/blocks.ts'

/** [layer, cell, code] for each cell that is not 0. */
type Cells = [number, number, number][]
type Fields = Omit<Column, 'cells'> & { cells: Cells }

/** One block as bytes and as what it means. `before` is the live column that a delta starts from. */
export interface Vector {
  about: string
  hex: string
  before?: Fields
  after: Fields
}

/** A group of closed columns, oldest first. */
export interface GroupVector {
  about: string
  hex: string
  columns: Fields[]
}

export function toGroupVector(about: string, block: Uint8Array, columns: readonly Column[]): GroupVector {
  return { about, hex: Buffer.from(block).toString('hex'), columns: columns.map(toFields) }
}

export function fromGroupVector(vector: GroupVector): { block: Uint8Array; columns: Column[] } {
  return { block: Uint8Array.from(Buffer.from(vector.hex, 'hex')), columns: vector.columns.map(toColumn) }
}

export function toVector(about: string, block: Uint8Array, before: Column | undefined, after: Column): Vector {
  const hex = Buffer.from(block).toString('hex')
  return { about, hex, ...(before === undefined ? {} : { before: toFields(before) }), after: toFields(after) }
}

export function fromVector(vector: Vector): { block: Uint8Array; before: Column | undefined; after: Column } {
  return {
    block: Uint8Array.from(Buffer.from(vector.hex, 'hex')),
    before: vector.before === undefined ? undefined : toColumn(vector.before),
    after: toColumn(vector.after),
  }
}

export function columnCells(list: Cells): Uint8Array {
  const cells = new Uint8Array(LAYERS * BUCKETS)
  for (const [layer, cell, code] of list) cells[layer * BUCKETS + cell] = code
  return cells
}

function toFields(column: Column): Fields {
  const cells: Cells = []
  column.cells.forEach((code, at) => {
    if (code !== 0) cells.push([Math.floor(at / BUCKETS), at % BUCKETS, code])
  })
  return { ...column, cells }
}

function toColumn(fields: Fields): Column {
  return { ...fields, cells: columnCells(fields.cells) }
}
