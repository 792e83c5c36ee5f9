// Writes the vectors: node test/wire/vectors/make.ts. Run it when the format changes, never to make a test pass.
import { writeFileSync } from 'node:fs'
import { BUCKETS, LAYERS, Layer } from '../../../src/model/layers.ts'
import { BlockType, type Column, encodeColumn, encodeDelta } from '../../../src/wire/blocks.ts'
import { encodeGroup } from '../../../src/wire/groups.ts'
import { columnCells, toGroupVector, toVector } from './vector.ts'

const plain: Omit<Column, 'cells'> = {
  openMs: 1_767_225_600_000,
  open: 77_041,
  high: 77_060.5,
  low: 77_020.25,
  close: 77_050,
  volumeUsd: 1_250_000,
  step: 25,
  baseBucket: 2057,
  quantumUsd: 100,
  observedMs: 60_000,
}
const empty = { ...plain, cells: columnCells([]) }
const small = {
  ...plain,
  cells: columnCells([
    [Layer.bid, 1000, 90],
    [Layer.bid, 1001, 92],
    [Layer.bid, 1020, 60],
    [Layer.longLevel, 3, 7],
  ]),
}
const changed = {
  ...plain,
  close: 77_060,
  cells: columnCells([
    [Layer.bid, 1000, 90],
    [Layer.bid, 1001, 95],
    [Layer.ask, 1030, 255],
    [Layer.longLevel, 3, 7],
    [Layer.longLevel, 2047, 14],
  ]),
}
const dense = { ...plain, cells: new Uint8Array(LAYERS * BUCKETS).map((_, at) => (at * 31 + (at >> 5)) & 255) }
dense.cells.fill(0, 400)

write('closed-empty', 'a column without any cell', BlockType.closed, empty)
write('key-small', 'short, middle and long gaps; the worked example of docs/wire.md', BlockType.key, small)
write('closed-dense', 'one layer with every kind of step', BlockType.closed, dense)
writeDelta('delta-none', 'nothing changed but the price', small, { ...small, close: 77_060 })
writeDelta('delta-small', 'a cell grows, one goes away, two appear', small, changed)
const later = { openMs: plain.openMs + 60_000, baseBucket: plain.baseBucket + 20 }
writeGroup('group-one', 'the worked example of docs/wire.md', [small])
writeGroup('group-moved', 'a window that moves by 20 buckets: the cells are compared where their prices are', [
  small,
  { ...changed, ...later },
])
writeGroup('group-step', 'another step: the second column is coded against an empty one', [
  small,
  { ...small, ...later, step: 50 },
  { ...dense, ...later, openMs: plain.openMs + 120_000, step: 50 },
])

function write(name: string, about: string, type: 1 | 2, column: Column): void {
  save(name, toVector(about, encodeColumn(type, column), undefined, column))
}

function writeDelta(name: string, about: string, before: Column, after: Column): void {
  save(name, toVector(about, encodeDelta(before.cells, after.cells, after), before, after))
}

function writeGroup(name: string, about: string, columns: Column[]): void {
  save(name, toGroupVector(about, encodeGroup(columns), columns))
}

function save(name: string, vector: unknown): void {
  writeFileSync(new URL(`./${name}.json`, import.meta.url), `${JSON.stringify(vector)}\n`)
}
