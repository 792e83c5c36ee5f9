import { assets } from '../../model/assets.ts'
import { AssetMarket } from './asset-market.ts'
import { assetScale } from './listing.ts'
import type { SimulatorSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import type { Position } from './positions.ts'
import { Tide } from './price.ts'
import { Prng } from './prng.ts'
import { timing } from './settings.ts'
import type { TruthSink } from './truth.ts'

export const SLOT_MS = timing.stepMs / timing.slots

/** All assets. Time comes in slots; in each slot it is some assets' turn. Pure: no clock, no I/O. */
export class Market {
  readonly outbox = new Outbox()
  readonly assets: readonly AssetMarket[]
  readonly #tide: Tide
  #nowMs: number
  #slot = 0
  readonly #heartbeatMs: number[]

  constructor(settings: SimulatorSettings, truth: TruthSink) {
    const chosen = settings.assets.map((id) => assets[id]!)
    const weight = chosen.reduce((sum, asset) => sum + assetScale(asset).weight, 0)
    this.#tide = new Tide(new Prng(settings.seed, 0))
    this.#nowMs = settings.startMs
    this.assets = chosen.map(
      (asset) =>
        new AssetMarket(
          {
            asset,
            seed: settings.seed,
            startMs: settings.startMs,
            startPrice: settings.startPrices.get(asset.id) ?? asset.priceUsd,
            levelsPerSecond: (settings.levelsPerSecond * assetScale(asset).weight) / weight,
            noise: settings.noise,
            planting: settings.planting,
          },
          this.outbox,
          truth,
        ),
    )
    this.#heartbeatMs = this.assets.map(() => settings.startMs)
  }

  /** The next slot. `nowMs` may jump ahead, never back. Returns all batches of the slot, valid until the next step. */
  step(nowMs: number): Uint8Array {
    this.#tide.step(nowMs - this.#nowMs)
    this.#nowMs = nowMs
    for (let i = this.#slot; i < this.assets.length; i += timing.slots) {
      const asset = this.assets[i]!
      asset.step(nowMs, this.#tide.path)
      if (nowMs < this.#heartbeatMs[i]! + timing.heartbeatMs) continue
      this.#heartbeatMs[i] = nowMs
      asset.heartbeat(nowMs)
    }
    this.#slot = (this.#slot + 1) % timing.slots
    return this.outbox.take()
  }

  positions(name: string): Position[] {
    return this.assets.find((market) => market.asset.name === name)?.positions() ?? []
  }

  close(): void {
    for (const asset of this.assets) asset.close()
  }
}
