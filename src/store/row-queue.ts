import type { Checkpoint } from '../model/stages.ts'
import { type TableName, type TableRows, tableNames } from './tables.ts'

/** What waits for the store, in the order in which it was handed over. */
export interface Block {
  readonly rows: { readonly [Name in TableName]: TableRows[Name][] }
  readonly checkpoints: Checkpoint[]
}

export interface QueueLimits {
  readonly storeQueueRowsMax: number
  readonly storeQueueBytesMax: number
}

interface Entry {
  readonly table: TableName | 'checkpoints'
  /** Undefined: a checkpoint that a newer one has replaced. */
  row: TableRows[TableName] | Checkpoint | undefined
  readonly bytes: number
  readonly sinceMs: number
}

// Beside its cells a row is a small object.
const ROW_BYTES = 200

/**
 * Rows that wait, bounded by count and bytes. Checkpoints keep their place among the rows: one that is in the database
 * before the rows that it has already seen would lose these in a crash. At most two wait for each asset, the oldest
 * (so that a slow store still gets one) and the newest.
 */
export class RowQueue {
  readonly #limits: QueueLimits
  #entries: Entry[] = []
  readonly #checkpoints = new Map<number, Entry[]>()
  #rows = 0
  #bytes = 0
  #settled = 0
  /** Taken, not yet settled. */
  #taken = { entries: 0, rows: 0, bytes: 0 }
  #full: PromiseWithResolvers<void> | undefined

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Rows, checkpoints not counted. */
  get rows(): number {
    return this.#rows
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Everything ever handed over, by count; and how much of it is in the database. */
  get accepted(): number {
    return this.#settled + this.#entries.length
  }

  get settled(): number {
    return this.#settled
  }

  /** When the oldest of what waits was handed over. */
  get oldestMs(): number | undefined {
    return this.#entries[0]?.sinceMs
  }

  get room(): true | Promise<void> {
    if (this.#hasRoom) return true
    this.#full ??= Promise.withResolvers<void>()
    return this.#full.promise
  }

  row<Name extends TableName>(table: Name, row: TableRows[Name], nowMs: number): void {
    const bytes = ROW_BYTES + ('cells' in row ? row.cells.byteLength : 0)
    this.#push({ table, row, bytes, sinceMs: nowMs })
  }

  checkpoint(row: Checkpoint, nowMs: number): void {
    const waiting = this.#checkpoints.get(row.asset) ?? []
    if (waiting.length === 2) waiting.pop()!.row = undefined
    // Images are bounded by their number and would hold the engine for nothing if they were counted.
    const entry: Entry = { table: 'checkpoints', row, bytes: 0, sinceMs: nowMs }
    waiting.push(entry)
    this.#checkpoints.set(row.asset, waiting)
    this.#push(entry)
  }

  /** The oldest of what waits, up to a number of rows. It stays counted until `settle`. */
  take(rowsMax: number): Block {
    const block: Block = { rows: emptyRows(), checkpoints: [] }
    const taken = { entries: 0, rows: 0, bytes: 0 }
    for (const entry of this.#entries) {
      if (taken.rows === rowsMax) break
      taken.entries++
      taken.bytes += entry.bytes
      if (entry.table === 'checkpoints') this.#takeCheckpoint(entry, block)
      else {
        taken.rows++
        const rows: unknown[] = block.rows[entry.table]
        rows.push(entry.row)
      }
    }
    this.#taken = taken
    return block
  }

  /** What was taken is in the database. */
  settle(): void {
    const { entries, rows, bytes } = this.#taken
    this.#entries.splice(0, entries)
    this.#settled += entries
    this.#rows -= rows
    this.#bytes -= bytes
    this.#taken = { entries: 0, rows: 0, bytes: 0 }
    if (this.#hasRoom) this.release()
  }

  /** Lets go of whoever waits for room. */
  release(): void {
    this.#full?.resolve()
    this.#full = undefined
  }

  get #hasRoom(): boolean {
    return this.#rows < this.#limits.storeQueueRowsMax && this.#bytes < this.#limits.storeQueueBytesMax
  }

  #push(entry: Entry): void {
    this.#entries.push(entry)
    this.#bytes += entry.bytes
    if (entry.table !== 'checkpoints') this.#rows++
  }

  #takeCheckpoint(entry: Entry, block: Block): void {
    if (entry.row === undefined) return
    const checkpoint = entry.row as Checkpoint
    block.checkpoints.push(checkpoint)
    const waiting = this.#checkpoints.get(checkpoint.asset)!
    waiting.splice(waiting.indexOf(entry), 1)
  }
}

function emptyRows(): Block['rows'] {
  return Object.fromEntries(tableNames.map((name) => [name, []])) as unknown as Block['rows']
}
