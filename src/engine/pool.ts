import { Piscina } from 'piscina'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { EngineWorkerData, Turn } from './worker.ts'

/** The worker pool: the one door to piscina. */
export interface Pool {
  /** One turn of the fast loop for these assets; resolves to those that must be turned again. */
  turn(turn: Turn): Promise<number[]>
  close(): Promise<void>
}

export function createPool(threads: number, data: EngineWorkerData): Pool {
  const piscina = new Piscina({
    filename: new URL('./worker.ts', import.meta.url).href,
    workerData: data,
    minThreads: threads,
    maxThreads: threads,
    // A task is posted to its thread at once, so that the thread finds it when it has done the one before.
    concurrentTasksPerWorker: limits.tasksPerWorker,
    maxQueue: limits.tasksQueuedMax,
    // An asset is in one task at a time; order is never the queue's matter; FIFO keeps the oldest work first.
    stricterFIFO: true,
    // An idle worker must not spin or block: ticks are hundreds of milliseconds apart.
    atomics: 'disabled',
  })
  return {
    async turn(turn) {
      try {
        return (await piscina.run(turn)) as number[]
      } catch (cause) {
        // Errors lose their class and code on the way between threads.
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new LmapError('LMAP_CORE_TRAP', `the core failed: ${why.replace(/\.$/, '')}.`, {
          hint: 'Please report it, with a recording (--record) if there is one.',
          cause,
        })
      }
    },
    close: () => piscina.close({ force: true }),
  }
}
