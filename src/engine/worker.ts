/** Runs in a pool thread: turns of the fast loop for a list of assets. */
import { workerData } from 'node:worker_threads'
import { type CoreExports, instantiateCore } from './core.ts'

export interface EngineWorkerData {
  readonly module: WebAssembly.Module
  /** By asset id. */
  readonly memories: readonly (WebAssembly.Memory | undefined)[]
}

export interface Turn {
  readonly assets: readonly number[]
  /** By asset of the turn: timeframes, as bits, of which nothing live is written. */
  readonly skips: readonly number[]
}

const data = workerData as EngineWorkerData | [unknown, EngineWorkerData]
const { module, memories } = Array.isArray(data) ? data[1] : data
const instances: (CoreExports | undefined)[] = []

/** Takes each asset one turn further; returns those that are not done because their output is full. */
export default function turn({ assets, skips }: Turn): number[] {
  return assets.filter((asset, index) => instanceOf(asset).tick(skips[index]) === 0)
}

function instanceOf(asset: number): CoreExports {
  const known = instances[asset]
  if (known !== undefined) return known
  const memory = memories[asset]
  if (memory === undefined) throw new Error(`asset ${asset} has no memory`)
  const instance = instantiateCore(module, memory)
  instances[asset] = instance
  return instance
}
