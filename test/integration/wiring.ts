import { createHash } from 'node:crypto'
import { createEngine, type EngineStatus } from '../../src/engine/engine.ts'
import type { Checkpoint, ClosedColumn, EventLog } from '../../src/model/stages.ts'
import type { AssetId } from '../../src/model/units.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createSource, type SourceSpec } from '../../src/venues/source.ts'

/** Lines of the stages; what is worth a warning is worth the terminal of the test. */
export const stageLog = createLog({ level: 'warn', pretty: false, stream: process.stderr })

/** Everything a source sends, in order. */
export async function bytesOf(spec: SourceSpec): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const source = createSource(spec)
  await source.start()
  source.connect({
    write(batches) {
      parts.push(batches.slice())
      return true
    },
  })
  await source.ended
  await source.stop()
  return Buffer.concat(parts)
}

export interface EngineRun {
  readonly columns: readonly ClosedColumn[]
  readonly status: EngineStatus
  readonly checkpoints: readonly Checkpoint[]
}

export interface EngineTask {
  readonly assets: readonly AssetId[]
  readonly workers: number
  readonly log: EventLog
  /** Batches to write to the log, piece by piece; none where the log holds them already. */
  readonly pieces: readonly Uint8Array[]
  /** State to begin with. */
  readonly checkpoints?: readonly Checkpoint[]
  /** Offsets to begin at, where no checkpoint says. */
  readonly from?: ReadonlyMap<AssetId, number>
  /** Nothing is written; the engine is stopped when it has taken so many batches of those that the log holds. */
  readonly batchesMax?: number
}

/** Log and engine wired as in run.ts, with the columns kept here. */
export async function runEngine(task: EngineTask): Promise<EngineRun> {
  const columns: ClosedColumn[] = []
  const failed = Promise.withResolvers<never>()
  const engine = await createEngine({
    workers: task.workers,
    log: stageLog,
    assets: task.assets,
    outputs: {
      column: (column) => columns.push(column),
      liquidation: () => undefined,
      score: () => undefined,
      report: () => undefined,
      lift: () => undefined,
      live: () => undefined,
      turned: () => undefined,
    },
    room: () => true,
    failed: (error) => failed.reject(error),
  })
  const offsets = new Map([...(task.from ?? []), ...engine.restore(task.checkpoints ?? [], 'whole')])
  await engine.start()
  await task.log.start()
  const full = Promise.withResolvers<void>()
  let taken = 0
  await task.log.consume((asset, offset, batch) => {
    if (taken === task.batchesMax) {
      full.resolve()
      return Promise.resolve(false)
    }
    taken++
    return engine.accept(asset, offset, batch)
  }, offsets)
  await Promise.race([task.batchesMax === undefined ? write(task) : full.promise, failed.promise])
  await engine.drained()
  const checkpoints: Checkpoint[] = []
  for (const asset of task.assets) {
    const checkpoint = await engine.checkpoint(asset)
    if (checkpoint !== undefined) checkpoints.push(checkpoint)
  }
  const status = engine.status()
  await task.log.stop()
  await engine.stop()
  return { columns, status, checkpoints }
}

async function write({ log, pieces }: EngineTask): Promise<void> {
  for (const piece of pieces) if (!(await log.write(piece))) throw new Error('the log was closed')
  await log.drained()
}

/** One hash for all that columns say, whatever order they came in. */
export function digestOf(columns: readonly ClosedColumn[]): string {
  const hash = createHash('sha256')
  for (const { cells, ...facts } of columns.toSorted(byStream)) {
    hash.update(JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)))).update(cells)
  }
  return `${columns.length} columns, ${hash.digest('hex')}`
}

function byStream(a: ClosedColumn, b: ClosedColumn): number {
  return a.asset - b.asset || a.timeframe - b.timeframe || a.openMs - b.openMs
}
