import { describeError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { Log } from '../telemetry/log.ts'

/** The stages of one process: each stops before those that were started earlier, and has a bounded time for it. */
export class LineUp {
  readonly #log: Log
  readonly #stages: Stage[] = []
  readonly #stopMsMax = new Map<Stage, number>()
  #stopping: Promise<boolean> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * `stoppedAfter`: a stage that hands its last things over to this one when it stops, although it was started earlier.
   * `stopMsMax`: for one whose stop has more to do than others.
   */
  async begin<S extends Stage>(
    stage: S,
    { stoppedAfter, stopMsMax = limits.stopMsMax }: { stoppedAfter?: Stage; stopMsMax?: number } = {},
  ): Promise<S> {
    this.#stopMsMax.set(stage, stopMsMax)
    const at = stoppedAfter === undefined ? this.#stages.length : this.#stages.indexOf(stoppedAfter)
    this.#stages.splice(at, 0, stage)
    await stage.start()
    return stage
  }

  /** Twice is once. False: a stage failed to, as the log says. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<boolean> {
    let isInOrder = true
    for (const stage of this.#stages.reverse()) isInOrder = (await this.#stopOne(stage)) && isInOrder
    return isInOrder
  }

  async #stopOne(stage: Stage): Promise<boolean> {
    const late = Symbol('late')
    const { promise, resolve } = Promise.withResolvers<typeof late>()
    const stopMsMax = this.#stopMsMax.get(stage) ?? limits.stopMsMax
    const timer = setTimeout(() => resolve(late), stopMsMax)
    const { name } = stage
    try {
      if ((await Promise.race([stage.stop(), promise])) !== late) return true
      this.#log.warn({ stage: name }, `${name} did not stop within ${stopMsMax} ms`)
    } catch (error) {
      this.#log.warn({ stage: name }, `${name} did not stop in order: ${describeError(error)}`)
    } finally {
      clearTimeout(timer)
    }
    return false
  }
}
