import { checkpointLine, checkpointNames } from './checkpoint-rows.ts'
import { columnLine, columnNames } from './column-rows.ts'
import { liquidationLine, liquidationNames } from './liquidation-rows.ts'
import type { Block } from './row-queue.ts'
import { scoreLine, scoreNames } from './score-rows.ts'

/** One statement's worth of rows. It is built once and sent as it is until it has arrived. */
export interface Insert {
  readonly table: 'columns' | 'liquidations' | 'scores' | 'checkpoints'
  readonly columns: readonly string[]
  readonly body: string
  readonly rows: number
}

/**
 * A block as inserts, in an order that the block alone decides: rows first, then the checkpoints that have seen them.
 * Each is built when it is asked for, so that between two of them the event loop is free.
 */
export async function* insertsOf(block: Block, bodyBytesMax: number): AsyncGenerator<Insert> {
  yield* linesOf('columns', columnNames, block.columns, columnLine, bodyBytesMax)
  yield* linesOf('liquidations', liquidationNames, block.liquidations, liquidationLine, bodyBytesMax)
  yield* linesOf('scores', scoreNames, block.scores, scoreLine, bodyBytesMax)
  for (const checkpoint of newestOf(block)) {
    const body = await checkpointLine(checkpoint)
    yield { table: 'checkpoints', columns: checkpointNames, body, rows: 1 }
  }
}

function* linesOf<Row>(
  table: Insert['table'],
  columns: readonly string[],
  rows: readonly Row[],
  line: (row: Row) => string,
  bodyBytesMax: number,
): Generator<Insert> {
  for (let at = 0; at < rows.length; ) {
    const from = at
    let body = ''
    // The text is plain ASCII: its length is its bytes.
    while (at < rows.length && body.length < bodyBytesMax) body += line(rows[at++]!)
    yield { table, columns, body, rows: at - from }
  }
}

function newestOf(block: Block) {
  return new Map(block.checkpoints.map((checkpoint) => [checkpoint.asset, checkpoint])).values()
}
