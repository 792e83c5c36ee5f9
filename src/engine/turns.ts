import { limits } from '../model/limits.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetMemory } from './asset-memory.ts'
import type { Pool } from './pool.ts'

/** All timeframes, as bits. */
export const EVERYTHING = (1 << TIMEFRAMES) - 1

export interface TurnsOptions {
  readonly workers: number
  /** Back-pressure of the outputs: a turn waits for it. */
  readonly room: () => true | Promise<unknown>
  /** An asset's turn is over: its output is to be read now, nobody else has it. */
  readonly over: (memory: AssetMemory) => void
  /** After the assets of one task of which something live was told. */
  readonly told: () => void
  /** A worker failed: there are no more turns. */
  readonly failed: (error: unknown) => void
}

/** Assets, and what each of them need not tell. */
type Task = readonly (readonly [AssetMemory, number])[]

/**
 * Deals the turns of the fast loop out to the pool. An asset is with one thread at a time. Each worker has a second task
 * waiting behind the one that it does, so that it goes on while this thread is busy with what comes next.
 */
export class Turns {
  readonly #options: TurnsOptions
  /** Who waits for a turn, and the timeframes, as bits, of which nothing live need be told. */
  readonly #due = new Map<AssetMemory, number>()
  readonly #atWork = new Set<AssetMemory>()
  readonly #ends = new Map<AssetMemory, PromiseWithResolvers<void>>()
  #pool: Pool | undefined
  #tasks = 0
  #isBroken = false
  #count = 0
  #ms = 0
  #msMax = 0

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  get isBroken(): boolean {
    return this.#isBroken
  }

  /** There are threads: what waits for a turn will have one. */
  get isOpen(): boolean {
    return this.#pool !== undefined && !this.#isBroken
  }

  /** Tasks done, and the milliseconds of the last and the longest. */
  get counts(): { turns: number; turnMs: number; turnMsMax: number } {
    return { turns: this.#count, turnMs: this.#ms, turnMsMax: this.#msMax }
  }

  open(pool: Pool): void {
    this.#pool = pool
    this.#deal()
  }

  /** A turn for each, soon. Of the timeframes to skip nothing live is told, unless somebody else asks for it meanwhile. */
  ask(memories: readonly AssetMemory[], skip: number): void {
    for (const memory of memories) this.#due.set(memory, (this.#due.get(memory) ?? EVERYTHING) & skip)
    this.#deal()
  }

  isAtWork(memory: AssetMemory): boolean {
    return this.#atWork.has(memory)
  }

  /** Resolves after its turn, the one under way or else the next; also when there will be none any more. */
  ended(memory: AssetMemory): Promise<void> {
    if (this.#isBroken) return Promise.resolve()
    let end = this.#ends.get(memory)
    if (end === undefined) {
      end = Promise.withResolvers<void>()
      this.#ends.set(memory, end)
    }
    return end.promise
  }

  /** Resolves when no thread has it. */
  async idle(memory: AssetMemory): Promise<void> {
    while (this.#atWork.has(memory)) await this.ended(memory)
  }

  /** It is not wanted any more: no turn begins. */
  forget(memory: AssetMemory): void {
    this.#due.delete(memory)
    if (!this.#atWork.has(memory)) this.#end(memory)
  }

  /** No turn begins any more; whoever waits for one goes on. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    this.#due.clear()
    await Promise.all([...this.#atWork].map((memory) => this.idle(memory)))
    for (const memory of [...this.#ends.keys()]) this.#end(memory)
    await pool?.close()
  }

  #deal(): void {
    while (this.isOpen && this.#tasks < this.#options.workers * limits.tasksPerWorker) {
      const task = this.#next()
      if (task.length === 0) return
      void this.#run(task)
    }
  }

  /** As much as one thread should have: its share of what is due while others have nothing, and no more than is done soon. */
  #next(): Task {
    const free = [...this.#due].filter(([memory]) => !this.#atWork.has(memory))
    const share = Math.ceil(free.length / Math.max(1, this.#options.workers - this.#tasks))
    let bytes = 0
    let count = 0
    while (count < share && bytes < limits.taskBytes) bytes += free[count++]![0].pending
    return free.slice(0, count)
  }

  async #run(task: Task): Promise<void> {
    const { told, failed } = this.#options
    const pool = this.#pool!
    this.#tasks++
    for (const [memory] of task) {
      this.#due.delete(memory)
      this.#atWork.add(memory)
    }
    try {
      // What has filled its output goes on at once: its turn is not over.
      for (let left = task; left.length > 0; ) left = await this.#turn(pool, left)
      if (task.some(([, skip]) => skip !== EVERYTHING)) told()
    } catch (error) {
      if (!this.#isBroken) failed(error)
      this.#isBroken = true
    }
    this.#tasks--
    for (const [memory] of task) {
      this.#atWork.delete(memory)
      this.#end(memory)
    }
    if (this.#isBroken) for (const memory of [...this.#ends.keys()]) this.#end(memory)
    this.#deal()
  }

  /** Returns what must be turned again. */
  async #turn(pool: Pool, task: Task): Promise<Task> {
    const { room, over } = this.#options
    const isRoom = room()
    if (isRoom !== true) await isRoom
    const begunMs = performance.now()
    const [assets, skips] = [task.map(([memory]) => memory.asset.id as number), task.map(([, skip]) => skip)]
    const unfinished = await pool.turn({ assets, skips })
    this.#count++
    this.#ms = performance.now() - begunMs
    this.#msMax = Math.max(this.#msMax, this.#ms)
    for (const [memory] of task) over(memory)
    return task.filter(([memory]) => unfinished.includes(memory.asset.id))
  }

  #end(memory: AssetMemory): void {
    this.#ends.get(memory)?.resolve()
    this.#ends.delete(memory)
  }
}
