import type { Prng } from './prng.ts'
import { volatility } from './settings.ts'

/** A regime lasts for a random time, then another one is drawn. */
class Regime {
  scale = 1
  /** Standard deviations per second. */
  trend = 0
  readonly #prng: Prng
  #leftMs = 0

  constructor(prng: Prng) {
    this.#prng = prng
  }

  step(ms: number): void {
    this.#leftMs -= ms
    if (this.#leftMs > 0) return
    const prng = this.#prng
    const regime = volatility.regimes[prng.below(volatility.regimes.length)]!
    this.scale = regime.scale
    this.trend = volatility.trend * prng.normal()
    this.#leftMs = regime.meanMs * prng.exponential()
  }
}

/** What moves all assets together, as a path in standard deviations of one second. */
export class Tide {
  path = 0
  readonly #prng: Prng
  readonly #regime: Regime
  #push = 0

  constructor(prng: Prng) {
    this.#prng = prng
    this.#regime = new Regime(prng)
  }

  step(ms: number): void {
    const regime = this.#regime
    regime.step(ms)
    this.#push += jump(this.#prng, ms)
    const pushed = this.#push * worked(ms)
    this.#push -= pushed
    this.path += regime.scale * (Math.sqrt(ms / 1000) * this.#prng.normal() + (regime.trend * ms) / 1000) + pushed
  }
}

/** The price that all venues of one asset follow: shared and own moves in regimes, jumps, and the impact of orders. */
export class Price {
  /** Log of USD. */
  log: number
  /** While an absorption lasts, price does not pass its level. */
  floorLog = Number.NEGATIVE_INFINITY
  ceilingLog = Number.POSITIVE_INFINITY
  /** Change over the last seconds, in standard deviations: takers follow it. */
  momentum = 0
  readonly #homeLog: number
  readonly #sigmaSecond: number
  readonly #prng: Prng
  readonly #regime: Regime
  #push = 0
  #tidePath = 0

  constructor(usd: number, sigmaSecond: number, prng: Prng) {
    this.log = this.#homeLog = Math.log(usd)
    this.#sigmaSecond = sigmaSecond
    this.#prng = prng
    this.#regime = new Regime(prng)
  }

  get usd(): number {
    return Math.exp(this.log)
  }

  /** Moves price by a part of itself, over the next second or so. */
  push(part: number): void {
    const push = this.#push + part
    this.#push = push > volatility.pushMax ? volatility.pushMax : Math.max(push, -volatility.pushMax)
  }

  step(ms: number, tidePath: number): void {
    const regime = this.#regime
    regime.step(ms)
    const sigma = this.#sigmaSecond
    this.#push += sigma * jump(this.#prng, ms)
    const pushed = this.#push * worked(ms)
    this.#push -= pushed
    const shared = volatility.shared * (tidePath - this.#tidePath)
    this.#tidePath = tidePath
    const own = Math.sqrt(1 - volatility.shared ** 2) * Math.sqrt(ms / 1000) * this.#prng.normal()
    const moved = sigma * (shared + regime.scale * (own + (regime.trend * ms) / 1000)) + pushed
    const home = ((this.#homeLog - this.log) * ms) / volatility.homeMs
    const before = this.log
    this.log = Math.min(this.ceilingLog, Math.max(this.floorLog, before + moved + home))
    this.momentum += (this.log - before) / sigma - (this.momentum * ms) / 5_000
  }
}

function jump(prng: Prng, ms: number): number {
  if (!prng.chance(ms / volatility.jumpMeanMs)) return 0
  return (prng.chance(0.5) ? 1 : -1) * prng.between(volatility.jumpLow, volatility.jumpHigh)
}

/** Part of a push that happens in a step. */
function worked(ms: number): number {
  return 1 - Math.exp(-ms / volatility.pushMs)
}
