import { assert } from '../model/errors.ts'

/* ClickHouse's Native format: blocks, one after the other. Numbers are little-endian, a count is a varint (LEB128).
     count columns | count rows
     for each column: count + name | count + type | the values of all rows
   Array(UInt8): u64 for each row, where its array ends | all elements. String: count + bytes, for each row.
   Arrays lie in one piece, so four megabytes of cells are read by copying and not byte by byte. */

/** The types that our queries ask for. */
export interface NativeTypes {
  Float64: Float64Array
  Int32: Int32Array
  UInt32: Uint32Array
  String: Uint8Array[]
  'Array(UInt8)': Uint8Array[]
}

export type NativeType = keyof NativeTypes
export type NativeRows<Types extends Readonly<Record<string, NativeType>>> = {
  readonly [Name in keyof Types]: NativeTypes[Types[Name]]
} & { readonly rows: number }

/** Calls `visit` for each block. Columns come in the order and with the types that the query asked for. */
export function readNative<const Types extends Readonly<Record<string, NativeType>>>(
  bytes: Uint8Array,
  types: Types,
  visit: (block: NativeRows<Types>) => void,
): void {
  const reader = new Reader(bytes)
  const wanted = Object.entries(types)
  while (reader.at < bytes.length) {
    const columns = reader.count()
    const rows = reader.count()
    assert(columns === wanted.length, 'the answer has the columns of the query')
    const block: Record<string, unknown> = { rows }
    for (const [name, type] of wanted) {
      const found = `${reader.text()} ${reader.text()}`
      assert(found === `${name} ${type}`, `the answer has ${found} where ${name} ${type} was asked for`)
      block[name] = reader.values(type, rows)
    }
    visit(block as NativeRows<Types>)
  }
}

const decoder = new TextDecoder()

class Reader {
  readonly #bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    // Not a Buffer: its slice() would share memory, and at an odd offset no typed array can be laid over it.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  count(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  text(): string {
    return decoder.decode(this.#take(this.count()))
  }

  values(type: NativeType, rows: number): NativeTypes[NativeType] {
    switch (type) {
      case 'Float64':
        return new Float64Array(this.#take(8 * rows).buffer)
      case 'Int32':
        return new Int32Array(this.#take(4 * rows).buffer)
      case 'UInt32':
        return new Uint32Array(this.#take(4 * rows).buffer)
      case 'String':
        return Array.from({ length: rows }, () => this.#take(this.count()))
      case 'Array(UInt8)': {
        const ends = new BigUint64Array(this.#take(8 * rows).buffer)
        const elements = this.#take(rows === 0 ? 0 : Number(ends[rows - 1]))
        return Array.from(ends, (end, row) => elements.subarray(row === 0 ? 0 : Number(ends[row - 1]), Number(end)))
      }
    }
  }

  /** A copy of the next bytes, at offset 0 of its own buffer. */
  #take(count: number): Uint8Array<ArrayBuffer> {
    assert(this.at + count <= this.#bytes.length, 'the answer is whole')
    const start = this.at
    this.at += count
    return this.#bytes.slice(start, this.at)
  }
}
