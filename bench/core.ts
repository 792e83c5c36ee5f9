// The kernels of the core and the 65-asset tick, beside the same work in JavaScript, in C and in tardis-dev.
import { OrderBook } from 'tardis-dev'
import { Bench as Tinybench } from 'tinybench'
import { AssetMemory } from '../src/engine/asset-memory.ts'
import { type CoreExports, instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { assets } from '../src/model/assets.ts'
import { BUCKETS, codeOfUsd, LAYERS } from '../src/model/layers.ts'
import { VENUES } from '../src/model/venues.ts'
import { encodeCells, LAYER_BYTES_MAX } from '../src/wire/cells.ts'
import { prng } from '../test/reference/prng.ts'
import { type LevelUpdate, ROUND_MS, START_MS, type Workload, workload } from './books.ts'
import { coreEstimator, plainEstimator, timeEstimator } from './estimator.ts'
import { type Bench, type BenchResult, rounded } from './figures.ts'
import { runNative } from './native/native.ts'

const SEED = 7

export const bench: Bench = async ({ full }) => {
  const rounds = full ? 40 : 2
  const updatesPerBatch = 67 // 21.8 k updates in a tick of 250 ms over 325 books
  const { updates, batches } = workload(prng(SEED), updatesPerBatch, rounds)
  const module = await loadCore()
  const map = mapOfCore(module)
  const memories = assets.map((asset) => new AssetMemory(asset, map))
  const cores = memories.map((memory) => instantiateCore(module, memory.memory))
  for (const core of cores) core.init()

  const timed = new Tinybench({ iterations: full ? 24 : 3, time: 0, warmupIterations: full ? 2 : 1, warmupTime: 0 })
  let turns = 0
  // As the engine does it: 250 ms of batches into the rings, then every asset drains its own.
  const perTurn = assets.length * VENUES
  timed.add(
    'core',
    () => {
      for (let from = 0; from < batches.length; from += perTurn) {
        turns++
        for (let i = from; i < from + perTurn; i++) {
          const { asset, bytes } = batches[i]!
          // The clock stands: this is the book alone, without what is done as time passes.
          feed(memories[asset]!, at(bytes, turns, START_MS))
        }
        for (const [id, core] of cores.entries()) {
          core.tick()
          memories[id]!.clearOut()
        }
      }
    },
    { beforeEach: () => listen(memories, false) },
  )
  const js = jsBooks()
  timed.add('js', () => {
    for (const update of updates) js.apply(update)
  })
  const peers = Array.from({ length: assets.length * VENUES }, () => new OrderBook({ removeCrossedLevels: false }))
  for (const peer of peers) peer.update(bookChange(true, []))
  timed.add('tardis-dev', () => {
    for (const { book, side, tick, size } of updates) {
      const level = { price: tick, amount: size }
      peers[book]!.update(side === 0 ? bookChange(false, [level]) : bookChange(false, [], [level]))
    }
  })
  const tick = tickOf(memories, cores, batches, () => ++turns)
  timed.add('tick', tick.run, { beforeEach: tick.prepare })
  const columns = columnsOf()
  timed.add('column js', () => {
    for (let asset = 0; asset < assets.length; asset++) columns.read()
  })
  await timed.run()

  const ms = (name: string): number => {
    const result = timed.getTask(name)?.result
    if (result?.state !== 'completed') throw new Error(`the task ${name} did not complete`)
    return result.latency.p50
  }
  const perLevel = (name: string): number => (ms(name) * 1e6) / updates.length
  const core = {
    level: perLevel('core'),
    ...timeEstimator(coreEstimator(module, map), full ? 8_000 : 800, full ? 400 : 40),
  }
  const plain = { level: perLevel('js'), ...timeEstimator(plainEstimator(), full ? 4_000 : 400, full ? 10 : 3) }
  const native = runNative(updates, full ? 24 : 3)
  const peerNs = perLevel('tardis-dev')
  const tickMs = ms('tick')
  const beside = (own: number, js: number, c: number | undefined): string =>
    `JavaScript ${rounded(js / own)}x the time${c === undefined ? ', no gcc here' : `, C ${rounded(c / own)}x`}`
  const result: BenchResult = {
    title: `Core: ${updates.length.toLocaleString('en')} level updates over ${assets.length * VENUES} books (seed ${SEED}), medians`,
    rows: [
      {
        name: 'book update with grid, ring to book',
        value: core.level,
        unit: 'ns a level',
        note: beside(core.level, plain.level, native?.levelNs),
      },
      {
        name: 'book update without grid, tardis-dev',
        value: peerNs,
        unit: 'ns a level',
        note: ratio(peerNs, core.level),
      },
      {
        name: 'sweep, five minutes of a walk',
        value: core.sweepNs,
        unit: 'ns',
        note: beside(core.sweepNs, plain.sweepNs, native?.sweepNs),
      },
      {
        name: 'turnover step',
        value: core.stepNs,
        unit: 'ns',
        note: beside(core.stepNs, plain.stepNs, native?.stepNs),
      },
      {
        name: 'map read, blurred, both sides',
        value: core.mapUs,
        unit: 'us',
        note: beside(core.mapUs, plain.mapUs, native?.mapUs),
      },
      {
        name: `tick of ${assets.length} assets: 21.8 k levels, clock, reports, 1m column encoded`,
        value: tickMs,
        unit: 'ms',
      },
      {
        name: `${assets.length} columns, quantise and encode only, JavaScript`,
        value: ms('column js'),
        unit: 'ms',
        note: ratio(ms('column js'), tickMs),
      },
    ],
    figures: {
      bookNs: rounded(core.level),
      bookJsRatio: rounded(plain.level / core.level),
      bookPeerRatio: rounded(peerNs / core.level),
      sweepNs: rounded(core.sweepNs),
      stepNs: rounded(core.stepNs),
      mapUs: rounded(core.mapUs),
      tickMs: rounded(tickMs),
      ...(native && {
        bookVsC: rounded(core.level / native.levelNs),
        sweepVsC: rounded(core.sweepNs / native.sweepNs),
        stepVsC: rounded(core.stepNs / native.stepNs),
        mapVsC: rounded(core.mapUs / native.mapUs),
      }),
    },
  }
  return result
}

function ratio(other: number, own: number): string {
  return `${rounded(other / own)}x the core`
}

/** The same batch as if it had come in a later turn: with a sequence and a time of its own. In place. */
function at(bytes: Uint8Array, turn: number, timeMs: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setFloat64(8, turn + 1, true)
  view.setFloat64(16, timeMs, true)
  view.setFloat64(24, timeMs, true)
  return bytes
}

function listen(memories: AssetMemory[], on: boolean): void {
  for (const memory of memories) memory.activate(0, on)
}

function feed(memory: AssetMemory, bytes: Uint8Array): void {
  if (!memory.append(bytes)) throw new Error('a ring holds more than 250 ms of events')
}

/** One turn of the fast loop on this thread: 250 ms of events for every asset, everybody watched at 1m. */
function tickOf(
  memories: AssetMemory[],
  cores: CoreExports[],
  batches: Workload['batches'],
  nextTurn: () => number,
): { prepare: () => void; run: () => void } {
  const perTurn = assets.length * VENUES
  const turn = (): void => {
    for (const [id, core] of cores.entries()) {
      core.tick()
      memories[id]!.clearOut()
    }
  }
  return {
    prepare: () => {
      listen(memories, true)
      const next = nextTurn()
      // Another round each time: the same levels again would change nothing.
      const from = (next * perTurn) % batches.length
      for (const { asset, bytes } of batches.slice(from, from + perTurn)) {
        feed(memories[asset]!, at(bytes, next, START_MS + next * ROUND_MS))
      }
    },
    run: turn,
  }
}

/** Books as maps and a grid as arrays: what one writes first in JavaScript, without the time weighting. */
function jsBooks(): { apply(update: LevelUpdate): void } {
  const books = Array.from({ length: assets.length * VENUES }, () => new Map<number, number>())
  const grids = assets.map(() => [new Float64Array(8192), new Float64Array(8192)] as const)
  const ratios = assets.map((asset) => asset.gridTick / (asset.priceUsd * 3e-4))
  return {
    apply({ book, asset, side, tick, size }) {
      const levels = books[book]!
      const key = side === 0 ? tick : -tick
      const old = levels.get(key) ?? 0
      if (size === 0) levels.delete(key)
      else levels.set(key, size)
      const grid = grids[asset]![side === 0 ? 0 : 1]
      const bucket = Math.floor(tick * ratios[asset]!)
      grid[bucket] = (grid[bucket] ?? 0) + (size - old) * tick * assets[asset]!.gridTick
    },
  }
}

/** Quantising and encoding one column of plausible depth in JavaScript, against a column that differs in some cells. */
function columnsOf(): { read(): void } {
  const random = prng(SEED)
  const usd = Float64Array.from({ length: LAYERS * BUCKETS }, () => (random() < 0.5 ? 0 : 10 ** (3 + random() * 4)))
  const codes = new Uint8Array(BUCKETS)
  const target = new Uint8Array(LAYER_BYTES_MAX)
  const reference = Uint8Array.from({ length: BUCKETS }, () => Math.floor(random() * 200))
  return {
    read() {
      for (let layer = 0; layer < LAYERS; layer++) {
        for (let cell = 0; cell < BUCKETS; cell++) {
          codes[cell] = cell % 40 === 0 ? codeOfUsd(usd[layer * BUCKETS + cell]!, 100) : reference[cell]!
        }
        encodeCells(codes, reference, target, 0)
      }
    },
  }
}

function bookChange(
  isSnapshot: boolean,
  bids: { price: number; amount: number }[],
  asks: { price: number; amount: number }[] = [],
): Parameters<OrderBook['update']>[0] {
  const timestamp = new Date(0)
  return {
    type: 'book_change',
    symbol: 'X',
    exchange: 'binance-futures',
    isSnapshot,
    bids,
    asks,
    timestamp,
    localTimestamp: timestamp,
  }
}
