import { AssetMemory } from '../src/engine/asset-memory.ts'
import { type CoreMap, instantiateCore } from '../src/engine/core.ts'
import { assets } from '../src/model/assets.ts'
import { ReferenceEstimator } from '../test/reference/estimator.ts'
import { referenceMap } from '../test/reference/estimator-map.ts'
import { prng } from '../test/reference/prng.ts'

/** Medians of one way to run the estimator. */
export interface EstimatorFigures {
  readonly sweepNs: number
  readonly stepNs: number
  readonly mapUs: number
}

interface Estimator {
  sweep(low: number, high: number, close: number): void
  turnover(low: number, high: number, close: number): void
  map(): void
}

interface EstimatorExports {
  estimatorInit(base: number, price: number): void
  estimatorSweep(base: number, low: number, high: number, close: number): void
  estimatorTurnover(
    base: number,
    low: number,
    high: number,
    close: number,
    hazard: number,
    usd: number,
    ms: number,
  ): void
  estimatorMap(base: number, longs: number, shorts: number, first: number, step: number, cells: number): void
}

const PRICE = 77_000
const STEP_USD = 25
const HAZARD = 0.01
const OPEN_INTEREST_USD = 7e9
const STEP_MS = 300_000
const CELLS = 8192
/** Where the map is written, behind a ledger at the start of OUT. */
const LEDGER_BYTES = 400_000

/** The kernel of a build of the core, on a ledger in the scratch space of an asset's memory. */
export function coreEstimator(module: WebAssembly.Module, map: CoreMap): Estimator {
  const memory = new AssetMemory(assets[0]!, map)
  const core = instantiateCore(module, memory.memory) as unknown as EstimatorExports
  const base = map.out
  const longs = base + LEDGER_BYTES
  core.estimatorInit(base, PRICE)
  return {
    sweep: (low, high, close) => core.estimatorSweep(base, low, high, close),
    turnover: (low, high, close) => core.estimatorTurnover(base, low, high, close, HAZARD, OPEN_INTEREST_USD, STEP_MS),
    map: () => core.estimatorMap(base, longs, longs + CELLS * 4, 0, STEP_USD, CELLS),
  }
}

/** The plain twin: float64, written to be read. */
export function plainEstimator(): Estimator {
  const twin = new ReferenceEstimator(PRICE)
  return {
    sweep: (low, high, close) => twin.sweep(low, high, close),
    turnover: (low, high, close) => twin.turnover(low, high, close, HAZARD, OPEN_INTEREST_USD),
    map: () => void referenceMap(twin, 0, STEP_USD, CELLS),
  }
}

/** Operations timed together: one by one, the clock would cost as much as they do. */
const BLOCK = 50
const WARM_UP = 5_000

/** Five-minute steps of a random walk, in blocks of sweeps and blocks of turnovers. */
export function timeEstimator(estimator: Estimator, steps: number, maps: number): EstimatorFigures {
  const random = prng(7)
  const sweeps: number[] = []
  const turnovers: number[] = []
  const path = new Float64Array(BLOCK + 1).fill(PRICE)
  // Code is compiled well only after some thousand calls.
  for (let i = 0; i < WARM_UP; i++) {
    estimator.sweep(PRICE, PRICE, PRICE)
    estimator.turnover(PRICE, PRICE, PRICE)
  }
  for (let block = 0; block < steps / BLOCK; block++) {
    path[0] = path[BLOCK]!
    for (let i = 1; i <= BLOCK; i++) path[i] = path[i - 1]! * (1 + (random() - 0.5) * 0.002)
    const begun = performance.now()
    for (let i = 1; i <= BLOCK; i++) {
      estimator.sweep(Math.min(path[i - 1]!, path[i]!), Math.max(path[i - 1]!, path[i]!), path[i]!)
    }
    const swept = performance.now()
    for (let i = 1; i <= BLOCK; i++) {
      estimator.turnover(Math.min(path[i - 1]!, path[i]!), Math.max(path[i - 1]!, path[i]!), path[i]!)
    }
    turnovers.push((performance.now() - swept) / BLOCK)
    sweeps.push((swept - begun) / BLOCK)
  }
  const reads: number[] = []
  for (let i = 0; i < maps; i++) {
    const begun = performance.now()
    estimator.map()
    reads.push(performance.now() - begun)
  }
  return { sweepNs: median(sweeps) * 1e6, stepNs: median(turnovers) * 1e6, mapUs: median(reads) * 1e3 }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
