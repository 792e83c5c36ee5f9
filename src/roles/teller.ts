import type { Engine } from '../engine/engine.ts'
import type { KafkaFramesWriter } from '../log/kafka-frames-writer.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'

export interface TellerOptions {
  readonly engine: Engine
  readonly frames: KafkaFramesWriter
  readonly assets: () => readonly AssetId[]
}

/** Tells gateways again and again what they have to know of an asset beside its columns, a part of the assets at a time. */
export class Teller implements Stage {
  readonly name = 'status'
  readonly #options: TellerOptions
  readonly #parts = Math.max(1, Math.round(limits.framesStatusMs / limits.tickMs))
  #timer: NodeJS.Timeout | undefined
  #turn = 0
  #telling: Promise<void> | undefined

  constructor(options: TellerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      // One at a time: a slow engine makes news rarer, never a queue of them.
      this.#telling ??= this.#tell(this.#turn++ % this.#parts).finally(() => {
        this.#telling = undefined
      })
    }, limits.tickMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#telling
  }

  async #tell(part: number): Promise<void> {
    const { engine, frames, assets } = this.#options
    for (const asset of assets()) {
      if (asset % this.#parts !== part) continue
      const liquidity = await engine.liquidity(asset)
      // Given away while we waited.
      if (!assets().includes(asset)) continue
      const status = { states: [...engine.venueStates(asset)], model: engine.model(asset), liquidity }
      frames.add(asset, { kind: 'status', asset, status })
    }
    frames.flush()
  }
}
