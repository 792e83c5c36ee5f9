import { checkpointLine, checkpointNames } from './checkpoint-rows.ts'
import type { Block } from './row-queue.ts'
import { type TableName, tableNames, tables } from './tables.ts'

/** One statement's worth of rows. It is built once and sent as it is until it has arrived. */
export interface Insert {
  readonly table: TableName | 'checkpoints'
  readonly columns: readonly string[]
  readonly body: string
  readonly rows: number
}

/** Images are large and rare: they may fill several times the usual text. */
const CHECKPOINT_BODIES = 8

/**
 * A block as inserts, in an order that the block alone decides: rows first, then the checkpoints that have seen them.
 * Each is built when it is asked for, so that between two of them the event loop is free.
 */
export async function* insertsOf(block: Block, bodyBytesMax: number): AsyncGenerator<Insert> {
  for (const name of tableNames) yield* insertsOfTable(name, block, bodyBytesMax)
  let body = ''
  let rows = 0
  for (const checkpoint of newestOf(block)) {
    body += await checkpointLine(checkpoint)
    rows++
    // At a stop all assets come at once, and a statement costs more than its rows.
    if (body.length < CHECKPOINT_BODIES * bodyBytesMax) continue
    yield { table: 'checkpoints', columns: checkpointNames, body, rows }
    body = ''
    rows = 0
  }
  if (rows > 0) yield { table: 'checkpoints', columns: checkpointNames, body, rows }
}

function* insertsOfTable(name: TableName, block: Block, bodyBytesMax: number): Generator<Insert> {
  const rows = block.rows[name]
  // Rows lie under the name of their own table.
  const { columns, line } = tables[name] as { columns: readonly string[]; line: (row: unknown) => string }
  for (let at = 0; at < rows.length; ) {
    const from = at
    let body = ''
    // The text is plain ASCII: its length is its bytes.
    while (at < rows.length && body.length < bodyBytesMax) body += line(rows[at++])
    yield { table: name, columns, body, rows: at - from }
  }
}

function newestOf(block: Block) {
  return new Map(block.checkpoints.map((checkpoint) => [checkpoint.asset, checkpoint])).values()
}
