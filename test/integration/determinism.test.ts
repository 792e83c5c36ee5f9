// Guards that closed columns are a function of the log alone: however the batches travel (in the process or through a
// real broker, in whatever pieces), with one worker or two, in one run or in two with a restart between, they are the
// same to the last byte.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, kafkaRequirements, type RunningKafka, startKafka } from '../../ops/kafka/broker.ts'
import { createInProcessLog } from '../../src/log/in-process.ts'
import { createKafkaLog } from '../../src/log/kafka.ts'
import { assetByName } from '../../src/model/assets.ts'
import type { AssetId } from '../../src/model/units.ts'
import type { SourceSpec } from '../../src/venues/source.ts'
import { prng, seed } from '../reference/prng.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import { newFolder, removeFolders } from './command.ts'
import { split } from './damage.ts'
import { bytesOf, digestOf, type EngineRun, runEngine, stageLog } from './wiring.ts'

const names = ['BTC', 'ETH', 'SOL', 'PEPE']
const usdm = 'recordings/hftbacktest/usdm_btcusdt_20240808.gz'
const MINUTES = 10

const simulated: SourceSpec = {
  kind: 'simulator',
  options: {
    seed,
    assets: names,
    levelsPerSecond: 1_500,
    startMs: Date.UTC(2026, 0, 1, 23, 52, 30),
    durationMs: MINUTES * 60_000,
    speed: 'max',
  },
}
const recorded: SourceSpec = { kind: 'replay', options: { path: sharedPath(usdm), speed: 'max' } }

const sources = [
  { ...requirement('a simulated market', undefined), spec: simulated, assets: names, columns: names.length * MINUTES },
  { ...requirement('a real recording', sharedMissing(usdm)), spec: recorded, assets: ['BTC'], columns: 12 },
]

const broker = requirement('through a real broker', kafkaRequirements())
let kafka: RunningKafka | undefined

beforeAll(async () => {
  if (!broker.skip) kafka = await startKafka({ port: await freePort(), folder: newFolder() })
}, 120_000)

afterAll(async () => {
  await kafka?.stop()
  removeFolders()
}, 30_000)

describe.each(sources)(`$title (seed ${seed})`, ({ skip, spec, assets: used, columns }) => {
  if (skip) return test.skip('all of it')
  const assets = used.map((name) => assetByName(name)!.id)
  let bytes: Uint8Array
  let first: EngineRun

  beforeAll(async () => {
    bytes = await bytesOf(spec)
    first = await throughProcess([bytes])
  })

  /** Whole batches, cut into writes of random lengths. */
  function pieces(random: () => number, most: number): Uint8Array[] {
    const batches = split(bytes)
    const cut: Uint8Array[] = []
    for (let at = 0; at < batches.length; ) {
      const next = at + 1 + Math.floor(random() * most)
      cut.push(Buffer.concat(batches.slice(at, next)))
      at = next
    }
    return cut
  }

  function throughProcess(written: readonly Uint8Array[], workers = 1): Promise<EngineRun> {
    return runEngine({ assets, workers, log: createInProcessLog({ bytesMax: 256 << 20 }), pieces: written })
  }

  test('the source says the same twice', async () => {
    expect(Buffer.compare(await bytesOf(spec), bytes)).toBe(0)
  })

  test('a second run, in pieces, gives the same columns', async () => {
    expect(first.columns.length).toBeGreaterThanOrEqual(columns)
    expect(first.status).toMatchObject({ duplicates: 0, pending: 0 })
    const second = await throughProcess(pieces(prng(seed), 200))
    expect(digestOf(second.columns)).toBe(digestOf(first.columns))
    expect(second.checkpoints).toEqual(first.checkpoints)
  })

  test('with batches missing they differ, so the comparison means something', async () => {
    const fewer = split(bytes).filter((_, i) => i % 50 !== 25)
    const run = await throughProcess([Buffer.concat(fewer)])
    expect(digestOf(run.columns)).not.toBe(digestOf(first.columns))
  })

  test('two workers give the same columns', async () => {
    const two = await throughProcess(pieces(prng(seed + 1), 1_000), 2)
    expect(digestOf(two.columns)).toBe(digestOf(first.columns))
  })

  test('an engine that is stopped anywhere and restored goes on to the same columns', async () => {
    const batches = split(bytes)
    const cut = Math.floor(batches.length * (0.2 + 0.6 * prng(seed + 2)()))
    const before = await throughProcess([Buffer.concat(batches.slice(0, cut))])
    const after = await runEngine({
      assets,
      workers: 2,
      log: createInProcessLog({ bytesMax: 256 << 20 }),
      pieces: [Buffer.concat(batches.slice(cut))],
      checkpoints: before.checkpoints,
    })
    expect(digestOf([...before.columns, ...after.columns])).toBe(digestOf(first.columns))
    expect(after.checkpoints.map(({ image }) => image)).toEqual(first.checkpoints.map(({ image }) => image))
  })

  describe.skipIf(broker.skip)(broker.title, () => {
    const from = new Map(assets.map((asset) => [asset, 0] as [AssetId, number]))
    const topic = `test.${spec.kind}`
    const log = (group: string) => createKafkaLog({ brokers: kafka!.brokers, topic, group, log: stageLog })

    test('the columns are the same', async () => {
      const written = pieces(prng(seed + 3), 300)
      const run = await runEngine({ assets, workers: 2, log: log('whole'), pieces: written, from })
      expect(digestOf(run.columns)).toBe(digestOf(first.columns))
    })

    test('also when the engine stops in the middle and another goes on from its checkpoints', async () => {
      const batchesMax = Math.floor(split(bytes).length * (0.2 + 0.6 * prng(seed + 4)()))
      const before = await runEngine({ assets, workers: 1, log: log('first'), pieces: [], from, batchesMax })
      expect(before.columns.length).toBeLessThan(first.columns.length)
      const { checkpoints } = before
      const after = await runEngine({ assets, workers: 1, log: log('second'), pieces: [], from, checkpoints })
      expect(digestOf([...before.columns, ...after.columns])).toBe(digestOf(first.columns))
    })
  })
})
