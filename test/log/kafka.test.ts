// Guards the log on a real broker: the same bytes in the same order per asset, an exact resume, a broker that goes away
// and comes back without a loss or a repetition, and clear errors where there is none.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../ops/kafka/broker.ts'
import { kafkaRequirements, type RunningKafka, startKafka } from '../../ops/kafka/kafka.ts'
import { createKafkaLog, type KafkaLogOptions } from '../../src/log/kafka.ts'
import { describeError } from '../../src/model/errors.ts'
import type { BatchHandler, EventLog } from '../../src/model/stages.ts'
import type { AssetId } from '../../src/model/units.ts'
import { requirement } from '../requirements.ts'
import { concat, hex, makeBatch, prng } from './batches.ts'

const seed = Number(process.env.LMAP_SEED ?? 20_240_808)
const real = requirement('on a real broker', kafkaRequirements())
const none: ReadonlyMap<AssetId, number> = new Map()
const ASSETS_USED = 20

interface Seen {
  asset: AssetId
  offset: number
  batch: Uint8Array
}

/** Log lines by level, so that a test can say what must and what must not be told. */
function listen() {
  const lines: string[] = []
  const at = (level: string) => (_: object, message: string) => lines.push(`${level} ${message}`)
  return { lines, log: { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') } }
}

function collector(seen: Seen[]): BatchHandler {
  return (asset, offset, batch) => {
    seen.push({ asset, offset, batch: new Uint8Array(batch) })
    return true
  }
}

function randomBatches(count: number, firstSequence = 1): Uint8Array[] {
  const random = prng(seed + firstSequence)
  return Array.from({ length: count }, (_, i) => makeBatch(random(ASSETS_USED), firstSequence + i, 1 + random(60)))
}

/** What one asset gets, as one text, so that a difference shows where it begins. */
function byAsset(batches: readonly Uint8Array[]): string[][] {
  const assets: Uint8Array[][] = Array.from({ length: ASSETS_USED }, () => [])
  for (const batch of batches) assets[batch[4]!]!.push(batch)
  return assets.map(hex)
}

async function writeAll(log: EventLog, batches: readonly Uint8Array[], perWrite: number): Promise<void> {
  for (let at = 0; at < batches.length; at += perWrite) {
    expect(await log.write(concat(batches.slice(at, at + perWrite)))).toBe(true)
  }
}

describe('without a broker', () => {
  test('start says in one line that none answers, and how to get one, within seconds', async () => {
    const port = await freePort()
    const log = createKafkaLog({ brokers: [`127.0.0.1:${port}`], log: listen().log })
    const error = await log.start().catch((reason: unknown) => reason)
    expect(describeError(error)).toBe(
      `LMAP_KAFKA_DOWN: no Kafka broker answers at 127.0.0.1:${port}. Start one with \`npm run kafka\`, or name another broker.`,
    )
    await log.stop()
  }, 8_000)

  test.each([
    [{ brokers: [] }, 'no broker was named.'],
    [{ brokers: ['localhost'] }, '"localhost" is not the address of a broker.'],
    [{ brokers: ['a:1'], topic: 'a b' }, '"a b" cannot be the name of a topic.'],
    [{ brokers: ['a:1'], partitions: 0 }, '0 is not a number of partitions.'],
  ] satisfies [Omit<KafkaLogOptions, 'log'>, string][])(
    'settings that cannot work are refused: %j',
    (options, message) => {
      expect(() => createKafkaLog({ log: listen().log, ...options })).toThrow(message)
    },
  )
})

describe.skipIf(real.skip)(real.title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-kafka-'))
  const open: EventLog[] = []
  let port: number
  let broker: RunningKafka
  let topics = 0

  beforeAll(async () => {
    port = await freePort()
    broker = await startKafka({ port, folder })
  }, 120_000)

  afterAll(async () => {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  afterEach(async () => {
    for (const log of open.splice(0)) await log.stop()
  })

  function newTopic(): string {
    return `test.${++topics}`
  }

  async function openLog(topic: string, options: Partial<KafkaLogOptions> = {}): Promise<EventLog> {
    const log = createKafkaLog({
      brokers: broker.brokers,
      topic,
      group: `group.${topic}`,
      log: listen().log,
      ...options,
    })
    open.push(log)
    await log.start()
    return log
  }

  test(`brings every batch once, byte by byte, in order per asset, however the handler holds (seed ${seed})`, async () => {
    const log = await openLog(newTopic())
    const random = prng(seed)
    const seen: Seen[] = []
    let inside = false
    await log.consume((asset, offset, batch) => {
      expect(inside).toBe(false)
      seen.push({ asset, offset, batch: new Uint8Array(batch) })
      if (random(20) > 0) return true
      inside = true
      return new Promise((resolve) =>
        setImmediate(() => {
          inside = false
          resolve(true)
        }),
      )
    }, none)
    const batches = randomBatches(3_000)
    await writeAll(log, batches, 37)
    await log.drained()
    expect(byAsset(seen.map(({ batch }) => batch))).toEqual(byAsset(batches))
    for (let asset = 0; asset < ASSETS_USED; asset++) {
      const offsets = seen.filter((one) => one.asset === asset).map(({ offset }) => offset)
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
      expect(new Set(offsets).size).toBe(offsets.length)
    }
    expect(log.status()).toEqual({ corrupt: 0, waiting: 0 })
  }, 20_000)

  test('goes on exactly after what each asset has handled, also within a message', async () => {
    const topic = newTopic()
    const writer = await openLog(topic)
    const batches = randomBatches(600)
    await writeAll(writer, batches, 200)
    await writer.drained()

    const everything = await openLog(topic, { group: 'all' })
    const seen: Seen[] = []
    const start = new Map(Array.from({ length: ASSETS_USED }, (_, asset) => [asset as AssetId, 0]))
    await everything.consume(collector(seen), start)
    await everything.drained()
    expect(byAsset(seen.map(({ batch }) => batch))).toEqual(byAsset(batches))

    // Each asset stops somewhere else; the position that its checkpoint keeps is the last offset + 1.
    const random = prng(seed)
    const from = new Map<AssetId, number>()
    const rest: Uint8Array[] = []
    for (let asset = 0 as AssetId; asset < ASSETS_USED; asset++) {
      const own = seen.filter((one) => one.asset === asset)
      const handled = random(own.length + 1)
      from.set(asset, handled === 0 ? 0 : own[handled - 1]!.offset + 1)
      rest.push(...own.slice(handled).map(({ batch }) => batch))
    }
    const resumed = await openLog(topic, { group: 'all.again' })
    const again: Seen[] = []
    await resumed.consume(collector(again), from)
    await resumed.drained()
    expect(byAsset(again.map(({ batch }) => batch))).toEqual(byAsset(rest))
  }, 20_000)

  test('without a position it begins at the end, whatever the group did before', async () => {
    const topic = newTopic()
    const writer = await openLog(topic)
    await writeAll(writer, randomBatches(50), 10)
    await writer.drained()
    const reader = await openLog(topic)
    const seen: Seen[] = []
    await reader.consume(collector(seen), none)
    const later = randomBatches(50, 1_000)
    await writeAll(writer, later, 10)
    await writer.drained()
    await reader.drained()
    expect(byAsset(seen.map(({ batch }) => batch))).toEqual(byAsset(later))
  }, 20_000)

  test('skips and counts what is corrupt in the topic, and nothing else', async () => {
    const topic = newTopic()
    const { lines, log: ear } = listen()
    const log = await openLog(topic, { log: ear })
    const seen: Seen[] = []
    await log.consume(collector(seen), none)
    const good = [1, 2, 3, 4, 5].map((sequence) => makeBatch(8, sequence, 3))
    const bad = makeBatch(8, 9, 3)
    bad[0] = 0
    const stray = makeBatch(9, 9, 3)
    const producer = new kafkajs.Kafka({ brokers: broker.brokers, logLevel: kafkajs.logLevel.NOTHING }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    const values = [
      Buffer.from('this was never a batch'),
      Buffer.from(concat([good[0]!, bad, good[1]!])),
      null,
      Buffer.from(concat([good[2]!, stray, good[3]!])),
      Buffer.from(good[4]!).subarray(0, 50),
      Buffer.from(good[4]!),
    ]
    await producer.send({ topic, messages: values.map((value) => ({ partition: 0, value })) })
    await producer.disconnect()
    await log.drained()
    expect(hex(seen.map(({ batch }) => batch))).toEqual(hex(good))
    expect(log.status().corrupt).toBe(5)
    expect(lines).toEqual([])
  }, 20_000)

  test('does not mix sources', async () => {
    const topic = newTopic()
    const { lines, log: ear } = listen()
    const reader = await openLog(topic, { source: 'live', log: ear })
    const seen: Seen[] = []
    await reader.consume(collector(seen), none)
    for (const source of ['simulator', 'live']) {
      const writer = await openLog(topic, { source })
      await writer.write(makeBatch(1, source.length, 1))
      await writer.write(makeBatch(2, source.length, 1))
      await writer.drained()
    }
    await reader.drained()
    expect(byAsset(seen.map(({ batch }) => batch))).toEqual(byAsset([makeBatch(1, 4, 1), makeBatch(2, 4, 1)]))
    expect(lines).toEqual(['warn The topic also holds another source, which is skipped'])
  }, 20_000)

  test('two processes of a group share the assets, and a failed handler is reported', async () => {
    const topic = newTopic()
    const seen: Seen[][] = [[], []]
    const readers = [await openLog(topic), await openLog(topic)]
    for (const [index, reader] of readers.entries()) await reader.consume(collector(seen[index]!), none)
    const writer = await openLog(topic)
    const batches = randomBatches(300)
    await writeAll(writer, batches, 50)
    await writer.drained()
    await expect.poll(() => seen[0]!.length + seen[1]!.length, { timeout: 10_000 }).toBe(batches.length)
    expect(byAsset(seen.flat().map(({ batch }) => batch))).toEqual(byAsset(batches))
    expect(seen.map((own) => own.length > 0)).toEqual([true, true])

    const { lines, log: ear } = listen()
    const failing = await openLog(topic, { group: 'failing', log: ear })
    await failing.consume(() => Promise.reject(new Error('no more memory')), none)
    await writer.write(makeBatch(1, 9_999, 1))
    await writer.drained()
    await expect(failing.drained()).rejects.toThrow('handler of the log has failed')
    await expect(failing.write(makeBatch(1, 10_000, 1))).rejects.toThrow('handler of the log has failed')
    expect(lines).toEqual(['error The Kafka log has failed'])
  }, 20_000)

  test('refuses a topic with another number of partitions', async () => {
    const topic = newTopic()
    await openLog(topic, { partitions: 3 })
    const error = await openLog(topic, { partitions: 8 }).catch((reason: unknown) => reason)
    expect(describeError(error)).toContain('LMAP_KAFKA_CONFIG: topic')
    expect(describeError(error)).toContain('has 3 partitions, not 8.')
  }, 20_000)

  test('a broker that is killed and comes back: the writer is held, nothing is lost or repeated', async () => {
    const { lines, log: ear } = listen()
    const log = await openLog(newTopic(), { log: ear })
    const seen: Seen[] = []
    await log.consume(collector(seen), none)
    const batches = randomBatches(2_000)
    await writeAll(log, batches.slice(0, 1_000), 20)
    await broker.stop('kill')
    const written = writeAll(log, batches.slice(1_000), 20).then(() => log.drained())
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThan(0)
    broker = await startKafka({ port, folder })
    await written
    expect(byAsset(seen.map(({ batch }) => batch))).toEqual(byAsset(batches))
    await expect.poll(() => lines.at(-1), { timeout: 10_000 }).toBe('info Kafka is back')
    expect(lines).toEqual([
      'warn Kafka is lost; trying again until it is back, nothing is dropped',
      'info Kafka is back',
    ])
  }, 60_000)

  test('stop with the broker gone ends in time and says what was left', async () => {
    const { lines, log: ear } = listen()
    const log = await openLog(newTopic(), { log: ear })
    await log.consume(() => true, none)
    await broker.stop('kill')
    log.write(makeBatch(1, 1, 1))
    const before = performance.now()
    await log.stop()
    expect(performance.now() - before).toBeLessThan(4_000)
    expect(lines.at(-1)).toBe('error Stopped before these batches could be written to Kafka')
  }, 20_000)
})
