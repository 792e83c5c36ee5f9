import {
  BlockType,
  type Column,
  decodeColumn,
  decodeDelta,
  emptyColumn,
  encodeColumn,
  encodeDelta,
} from '../wire/blocks.ts'
import { keepRange, keepSpan, type Range, type Span, spanOf } from '../wire/keep-range.ts'

/** Of the range: price may go so far before the live column is cut anew around it. */
const SLACK = 0.25

/**
 * The live column of a stream as those have it who want no more than a range around price. What a delta says rests on the
 * cells before it, so what lies outside cannot just be left out of one: it is taken from what these clients have.
 */
export class RangeCut {
  readonly #range: Range
  /** The whole column of now. */
  #column: Column | undefined
  /** Its cells as far as they are sent. */
  #sent: Uint8Array = new Uint8Array(0)
  #span: Span = { first: 0, last: 0 }
  /** Price around which it was cut. */
  #centre = 0

  /** Keeps `live`. */
  constructor(range: Range, live: Column | undefined) {
    this.#range = range
    if (live !== undefined) this.#begin(live)
  }

  /** The blocks of one turn for these clients. */
  turn(blocks: readonly Uint8Array[]): Uint8Array[] {
    return blocks.flatMap((block) => {
      if (block[0] === BlockType.closed) return [keepRange(block, this.#range)]
      if (block[0] === BlockType.delta) return this.#delta(block)
      const column = emptyColumn()
      decodeColumn(block, 0, column)
      this.#begin(column)
      return [this.#key(column)]
    })
  }

  /** The live column as these clients have it now. */
  key(): Uint8Array | undefined {
    return this.#column === undefined ? undefined : this.#key(this.#column)
  }

  #delta(block: Uint8Array): Uint8Array[] {
    const column = this.#column
    if (column === undefined) return []
    decodeDelta(block, 0, column)
    const isAway = Math.abs(column.close - this.#centre) > (this.#centre * this.#range * SLACK) / 100
    if (isAway) {
      this.#begin(column)
      return [this.#key(column)]
    }
    const before = this.#sent
    this.#sent = this.#cut(column)
    return [encodeDelta(before, this.#sent, column)]
  }

  #begin(column: Column): void {
    this.#column = column
    this.#centre = column.close
    this.#span = spanOf(column, column.close, column.close, this.#range)
    this.#sent = this.#cut(column)
  }

  #cut(column: Column): Uint8Array {
    const cells = column.cells.slice()
    keepSpan(cells, this.#span)
    return cells
  }

  #key(column: Column): Uint8Array {
    return encodeColumn(BlockType.key, { ...column, cells: this.#sent })
  }
}
