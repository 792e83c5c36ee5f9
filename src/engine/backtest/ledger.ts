import { LmapError } from '../../model/errors.ts'
import type { Realised } from './inputs.ts'
import type { Hour, Steps } from './steps.ts'

/** Twelve tiers and two background terms, see docs/estimator.md. */
export const TERMS = 14
const MEAN_TERM = 12

interface EstimatorExports {
  estimatorInit(base: number, price: number): void
  estimatorPrior(base: number, g: number): void
  estimatorSweep(base: number, low: number, high: number, close: number): void
  estimatorHazard(base: number, low: number, high: number, coins: number, dtMs: number): number
  estimatorTurnover(
    base: number,
    low: number,
    high: number,
    close: number,
    hazard: number,
    openInterestUsd: number,
    dtMs: number,
  ): void
  estimatorHour(base: number, longUsd: number, shortUsd: number, complete: number): void
  estimatorPredicted(base: number, side: number): number
  estimatorExposure(base: number, side: number, term: number): number
  estimatorMap(base: number, longs: number, shorts: number, first: number, step: number, cells: number): void
  gridStep(price: number, tick: number): number
}

/** The map after a step, as it would be shown: USD by cell of `width` USD from price 0 on. */
export interface MapAt {
  readonly step: number
  readonly width: number
  readonly sides: readonly [longs: Float32Array, shorts: Float32Array]
}

/** What the ledger made of the steps. */
export interface LedgerRun {
  /** Exposure by step, side and term: `(step * 2 + side) * TERMS + term`. Terms of an hour's steps add up to the hour's. */
  readonly exposure: Float64Array
  /** Online prediction of each hour, made before its realised USD was looked at. */
  readonly online: Realised[]
}

/** Above the static data of the core; nothing else of an asset's memory is used. */
const REGION = 0x10000
const MAP = 0x100000
const PAGES = 64
/** Cells of a map that is looked at: of 2 bp they reach to 1.6 times the price, of 3 bp to 2.4 times. */
const MAP_CELLS = 8192
/** Digits of a price that a venue quotes, where its tick is not known. */
const TICK_DIGITS = 6
const PAGES_MAX = 65_536

const OPENING = 0.3
const HAZARD_MAX = 0.05
/** Volume of the hour before is shaped by the step's own range over its mean: half-life 12 steps. */
const SHAPE_REST = 0.2
const SHAPE_KEEP = 2 ** (-1 / 12)
const SHAPE_MIN = 0.05
const SHAPE_MAX = 20

/** Steps at whose end the map is looked at, and how wide a cell is then. */
export interface Looks {
  readonly steps: ReadonlySet<number>
  readonly widthAt: (price: number) => number
}

/**
 * Runs the core's estimator over the steps from a cold start. `useVolume` takes the causal hazard from the volume of
 * the hour before where that is known; else, and without it, range and open interest say how much turned over.
 */
export function runLedger(
  core: WebAssembly.Module,
  steps: Steps,
  hours: readonly Hour[],
  realised: ReadonlyMap<number, Realised>,
  fromMs: number,
  useVolume: boolean,
): LedgerRun {
  const walk = walkLedger(core, steps, hours, realised, fromMs, useVolume)
  let next = walk.next()
  while (next.done !== true) next = walk.next()
  return next.value
}

/** The same, stopping at the maps that are asked for; each is overwritten by the next. */
export function* walkLedger(
  core: WebAssembly.Module,
  steps: Steps,
  hours: readonly Hour[],
  realised: ReadonlyMap<number, Realised>,
  fromMs: number,
  useVolume: boolean,
  looks?: Looks,
): Generator<MapAt, LedgerRun> {
  const { estimator, memory } = instantiate(core)
  estimator.estimatorInit(REGION, steps.close[0]!)
  estimator.estimatorPrior(REGION, 1)
  const exposure = new Float64Array(steps.count * 2 * TERMS)
  const shape = new RangeShape()
  const online: Realised[] = []
  for (const { timeMs, from, to } of hours) {
    const before = [new Float64Array(TERMS), new Float64Array(TERMS)]
    for (let i = from; i < to; i++) {
      step(estimator, steps, i, shape.next(Math.log(steps.high[i]! / steps.low[i]!)), useVolume)
      for (let side = 0; side < 2; side++) {
        for (let term = 0; term < TERMS; term++) {
          const now = estimator.estimatorExposure(REGION, side, term)
          exposure[(i * 2 + side) * TERMS + term] = now - before[side]![term]!
          before[side]![term] = now
        }
      }
      if (looks?.steps.has(i)) yield mapAt(estimator, memory, i, looks.widthAt(steps.close[i]!))
    }
    // The mean open interest belongs to the hour: each of its steps gets an equal part.
    for (let i = from; i < to; i++) {
      for (let side = 0; side < 2; side++) {
        exposure[(i * 2 + side) * TERMS + MEAN_TERM] = before[side]![MEAN_TERM]! / (to - from)
      }
    }
    const [long, short] = (timeMs < fromMs ? undefined : realised.get(timeMs)) ?? [Number.NaN, Number.NaN]
    estimator.estimatorHour(REGION, long, short, 1)
    online.push([estimator.estimatorPredicted(REGION, 0), estimator.estimatorPredicted(REGION, 1)])
  }
  return { exposure, online }
}

/** Sweeps one step, then seeds it. `shaped`: this step's part of an hour's turnover over its even share. */
function step(estimator: EstimatorExports, steps: Steps, i: number, shaped: number, useVolume: boolean): void {
  const [low, high, close] = [steps.low[i]!, steps.high[i]!, steps.close[i]!]
  const coins = steps.coins[i]!
  const openInterestUsd = coins * close
  estimator.estimatorSweep(REGION, low, high, close)
  const slow = estimator.estimatorHazard(REGION, low, high, coins, steps.dtMs[i]!)
  const volume = steps.volumeUsd[i]!
  const hazard =
    i > 0 && useVolume && volume >= 0 ? Math.min(HAZARD_MAX, ((OPENING * volume) / openInterestUsd) * shaped) : slow
  estimator.estimatorTurnover(REGION, low, high, close, hazard, openInterestUsd, steps.dtMs[i]!)
}

/** Width of the buckets that the live map has at a price, for a tick; without one, for a price of six digits. */
export function canonicalWidth(core: WebAssembly.Module, tick: number | undefined): (price: number) => number {
  const { estimator } = instantiate(core)
  const quoted = (price: number): number => 10 ** (Math.floor(Math.log10(price)) + 1 - TICK_DIGITS)
  return (price) => estimator.gridStep(price, tick ?? quoted(price))
}

function mapAt(estimator: EstimatorExports, memory: WebAssembly.Memory, step: number, width: number): MapAt {
  const bytes = MAP_CELLS * Float32Array.BYTES_PER_ELEMENT
  estimator.estimatorMap(REGION, MAP, MAP + bytes, 0, width, MAP_CELLS)
  const side = (at: number) => new Float32Array(memory.buffer, at, MAP_CELLS)
  return { step, width, sides: [side(MAP), side(MAP + bytes)] }
}

/** How much of an hour's turnover falls into a step: its range over the mean range of the steps before. */
class RangeShape {
  #sum = 0
  #weight = 0

  next(range: number): number {
    const mean = this.#weight > 0 ? this.#sum / this.#weight : 0
    const relative =
      mean > 0 ? Math.min(SHAPE_MAX, Math.max(SHAPE_MIN, range / mean)) : range > 0 ? SHAPE_MAX : SHAPE_MIN
    this.#sum = this.#sum * SHAPE_KEEP + range
    this.#weight = this.#weight * SHAPE_KEEP + 1
    return SHAPE_REST + (1 - SHAPE_REST) * relative
  }
}

function instantiate(core: WebAssembly.Module): { estimator: EstimatorExports; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES_MAX, shared: true })
  const abort = (): never => {
    throw new LmapError('LMAP_CORE_TRAP', 'the core gave up on this input.')
  }
  const { exports } = new WebAssembly.Instance(core, { env: { memory, abort } })
  if (!('estimatorExposure' in exports && 'gridStep' in exports)) {
    throw new LmapError('LMAP_BUILD_MISSING', 'the core was built without the estimator.', {
      hint: 'Run npm run build.',
    })
  }
  return { estimator: exports as unknown as EstimatorExports, memory }
}
