import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../model/errors.ts'

/** What one instance of the core exports: addresses of its memory map (assembly/layout.ts) and its functions. */
export interface CoreExports {
  init(): void
  /** `skip`: timeframes, as bits, of which nothing live is written this time. */
  tick(skip?: number): number
  bookLevels(venue: number, out: number, most: number): number
  gridStep(price: number, tick: number): number
}

/** Addresses in an asset's memory, as the core was built with. */
export interface CoreMap {
  readonly layoutVersion: number
  readonly mapEnd: number
  readonly ring: number
  readonly ringBytes: number
  readonly ringHead: number
  readonly ringTail: number
  readonly activeMask: number
  readonly keyMask: number
  readonly interrupted: number
  readonly out: number
  readonly outBytes: number
  readonly outUsed: number
  readonly settings: {
    gridTick: number
    quantum: number
    skewMs: number
    distanceMin: number
    phaseMs: number
    completeMask: number
    floor: number
    staleMs: number
  }
  readonly state: number
  readonly stateEnd: number
  readonly reports: number
  readonly lift: number
  readonly head: number
  readonly venue: number
  readonly venueStride: number
  /** Realised liquidations of the last day, see engine/realised.ts. */
  readonly gridBuckets: number
  readonly realised: number
  readonly realisedFirst: number
  readonly realisedLast: number
}

/** Field offsets in HEAD and in a venue's record that the host reads; they mirror assembly/layout.ts, see its test. */
export const HeadField = {
  clockMs: 0,
  receiveMs: 8,
  step: 16,
  price: 24,
  bucketFirst: 56,
  bucketLast: 60,
  epoch: 72,
  model: 216,
  where: 336,
  modelFlags: 368,
  batches: 256,
  levels: 264,
  trades: 272,
  liquidations: 280,
  duplicates: 288,
  outside: 296,
  late: 304,
  columns: 312,
} as const
export const VenueField = {
  tickSize: 0,
  receiveMs: 16,
  bid: 40,
  ask: 44,
  openInterestUsd: 64,
  down: 80,
  batches: 88,
  newsMs: 96,
  suspectMs: 128,
} as const

const PAGE_BYTES = 65_536
export const CORE_FILE = fileURLToPath(new URL('../../build/core.wasm', import.meta.url))

/** Compiles the core. Throws LMAP_BUILD_MISSING where it was not built. */
export async function loadCore(file: string = CORE_FILE): Promise<WebAssembly.Module> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new LmapError('LMAP_BUILD_MISSING', `the core is not built (${file}).`, { hint: 'Run npm run build.', cause })
  }
  return WebAssembly.compile(bytes as BufferSource)
}

/** An instance of the core on one asset's memory. Costs about 20 us, so instances are kept per thread and asset. */
export function instantiateCore(module: WebAssembly.Module, memory: WebAssembly.Memory): CoreExports {
  const abort = (): never => {
    throw new LmapError('LMAP_CORE_TRAP', 'an assertion of the core failed.')
  }
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as CoreExports
}

/** The memory map of a build. Needs a memory to instantiate on; a scratch one of a single page does. */
export function mapOfCore(module: WebAssembly.Module): CoreMap {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  const exports = new WebAssembly.Instance(module, { env: { memory, abort: () => {} } }).exports
  const value = (name: string): number => {
    const entry = exports[name]
    if (!(entry instanceof WebAssembly.Global)) throw new LmapError('LMAP_BUILD_MISSING', `the core lacks ${name}.`)
    return entry.value as number
  }
  return {
    layoutVersion: value('LAYOUT_VERSION'),
    mapEnd: value('MAP_END'),
    ring: value('RING'),
    ringBytes: value('RING_BYTES'),
    ringHead: value('RING_HEAD'),
    ringTail: value('RING_TAIL'),
    activeMask: value('ACTIVE_MASK'),
    keyMask: value('KEY_MASK'),
    interrupted: value('INTERRUPTED'),
    out: value('OUT'),
    outBytes: value('OUT_BYTES'),
    outUsed: value('OUT_USED'),
    settings: {
      gridTick: value('SETTING_GRID_TICK'),
      quantum: value('SETTING_QUANTUM'),
      skewMs: value('SETTING_SKEW_MS'),
      distanceMin: value('SETTING_DISTANCE_MIN'),
      phaseMs: value('SETTING_PHASE_MS'),
      completeMask: value('SETTING_COMPLETE_MASK'),
      floor: value('SETTING_FLOOR'),
      staleMs: value('SETTING_STALE_MS'),
    },
    state: value('STATE'),
    stateEnd: value('STATE_END'),
    reports: value('REPORTS'),
    lift: value('LIFT'),
    head: value('HEAD'),
    venue: value('VENUE'),
    venueStride: value('VENUE_STRIDE'),
    gridBuckets: value('GRID_BUCKETS'),
    realised: value('REALISED'),
    realisedFirst: value('REALISED_FIRST'),
    realisedLast: value('REALISED_LAST'),
  }
}

/** Memory of one asset. It never grows: a shared memory that grows would leave old views behind in other threads. */
export function createMemory(map: CoreMap): WebAssembly.Memory {
  const pages = Math.ceil(map.mapEnd / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}
