import { assetByName, assets } from '../../model/assets.ts'
import { LmapError } from '../../model/errors.ts'
import { VENUES } from '../../model/venues.ts'

/** Plain data: it travels to the source thread as it is. */
export interface SimulatorOptions {
  /** The same seed and options give the same bytes. */
  readonly seed: number
  /** Simulated time of the first event. */
  readonly startMs: number
  /** Names; all assets of the table where left out. */
  readonly assets?: readonly string[]
  /** Over all books together, full books included. */
  readonly levelsPerSecond?: number
  /** USD by asset name: where the price starts, so that a restart continues. The table's price where left out. */
  readonly startPrices?: Readonly<Record<string, number>>
  /** Simulated seconds per second of the clock, or as fast as the sink takes it. */
  readonly speed?: number | 'max'
  /** Ends after this much simulated time; endless where left out. */
  readonly durationMs?: number
  /** Scatter of level sizes and flicker: 0 a clean book, 1 a usual one. */
  readonly noise?: number
  /** How often walls, sweeps and icebergs are planted: 1 as usual, 0.1 a tenth as often. */
  readonly planting?: number
  /** What was planted is written here, one JSON object per line. */
  readonly truthPath?: string
}

export interface SimulatorSettings {
  readonly seed: number
  readonly startMs: number
  /** Ids, ascending. */
  readonly assets: readonly number[]
  readonly levelsPerSecond: number
  /** By asset id. */
  readonly startPrices: ReadonlyMap<number, number>
  readonly speed: number | 'max'
  readonly durationMs: number
  readonly noise: number
  readonly planting: number
  readonly truthPath: string | undefined
}

export const LEVELS_PER_SECOND_DEFAULT = 20_000
/** Below this a book cannot even repeat itself every 30 s. */
const LEVELS_PER_BOOK_SECOND_MIN = 2
const LEVELS_PER_SECOND_MAX = 5_000_000

/** Checks the options and fills in what was left out. */
export function simulatorSettings(options: SimulatorOptions): SimulatorSettings {
  const ids = options.assets === undefined ? assets.map((asset) => asset.id) : options.assets.map(idOfName)
  const chosen = [...new Set<number>(ids)].sort((a, b) => a - b)
  check(chosen.length > 0, 'the simulator needs at least one asset')
  const { seed, startMs, speed = 1, durationMs = Number.POSITIVE_INFINITY, noise = 1, planting = 1 } = options
  check(Number.isSafeInteger(seed), `seed must be a whole number, not ${seed}`)
  // Sequences start at startMs * 4096 and must stay whole numbers.
  check(Number.isSafeInteger(startMs) && startMs > 0 && startMs < 2 ** 41, `startMs is not a time: ${startMs}`)
  check(speed === 'max' || (speed > 0 && speed < Number.POSITIVE_INFINITY), `speed must be above 0, not ${speed}`)
  check(durationMs > 0, `durationMs must be above 0, not ${durationMs}`)
  check(noise >= 0 && noise <= 10, `noise must be 0 to 10, not ${noise}`)
  check(planting >= 0.01 && planting <= 10, `planting must be 0.01 to 10, not ${planting}`)
  const levelsPerSecond = options.levelsPerSecond ?? LEVELS_PER_SECOND_DEFAULT
  const levelsMin = LEVELS_PER_BOOK_SECOND_MIN * chosen.length * VENUES
  check(
    levelsPerSecond >= levelsMin && levelsPerSecond <= LEVELS_PER_SECOND_MAX,
    `levelsPerSecond must be ${levelsMin} to ${LEVELS_PER_SECOND_MAX} for ${chosen.length} assets, not ${levelsPerSecond}`,
  )
  const startPrices = new Map<number, number>()
  for (const [name, price] of Object.entries(options.startPrices ?? {})) {
    check(price > 0 && price < 1e9, `start price of ${name} must be above 0, not ${price}`)
    startPrices.set(idOfName(name), price)
  }
  const truthPath = options.truthPath
  return { seed, startMs, assets: chosen, levelsPerSecond, startPrices, speed, durationMs, noise, planting, truthPath }
}

function idOfName(name: string): number {
  const asset = assetByName(name)
  if (asset !== undefined) return asset.id
  throw new LmapError('LMAP_CONFIG', `the simulator knows no asset ${name}.`, {
    hint: `Known: ${assets.map((known) => known.name).join(' ')}.`,
  })
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new LmapError('LMAP_CONFIG', message)
}
