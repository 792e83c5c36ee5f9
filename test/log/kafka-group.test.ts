// Guards who may tell of a partition, on a real broker: a member that is still handing one over when the group has been
// divided anew says nothing of it under the new division, or readers would take it for the owner and drop the real one.
// And that a broker that was away finds the same members: the group is not divided anew, nobody waits for a session to end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../ops/kafka/broker.ts'
import { kafkaRequirements, type RunningKafka, startKafka } from '../../ops/kafka/kafka.ts'
import { type GroupMember, KafkaGroup } from '../../src/log/kafka-group.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { requirement } from '../requirements.ts'

const real = requirement('on a real broker', kafkaRequirements())
const PARTITIONS = 4
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe.skipIf(real.skip)(real.title, () => {
  let broker: RunningKafka
  let port: number
  const folder = mkdtempSync(join(tmpdir(), 'lmap-group-'))
  const started: KafkaGroup[] = []

  beforeAll(async () => {
    port = await freePort()
    broker = await startKafka({ port, folder })
  }, 60_000)

  afterEach(async () => {
    await Promise.all(started.splice(0).map((group) => group.stop()))
  }, 30_000)

  afterAll(async () => {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  async function join4(
    clientId: string,
    lost: GroupMember['lost'],
    name = 'shared',
    log = silent,
  ): Promise<KafkaGroup> {
    const group = new KafkaGroup({
      brokers: broker.brokers,
      topic: name,
      group: name,
      partitions: PARTITIONS,
      clientId,
      log,
      source: 'test',
      now: Date.now,
      member: { handler: () => true, gained: async () => new Map(), lost },
      failed: (error) => expect.unreachable(error.message),
    })
    started.push(group)
    await group.start()
    return group
  }

  const until = (condition: () => boolean) => expect.poll(condition, { timeout: 30_000, interval: 20 }).toBe(true)

  test('who hands a partition over is silent about it from the division on', async () => {
    const handedOver = Promise.withResolvers<void>()
    const given: number[] = []
    const first = await join4('first', async (partitions) => {
      given.push(...partitions)
      await handedOver.promise
    })
    await until(() => first.held.length === PARTITIONS && first.generation >= 0)
    const all = [0, 1, 2, 3]
    expect(all.map((partition) => first.generationOf(partition))).toEqual(Array(PARTITIONS).fill(first.generation))
    const before = first.generation
    const second = await join4('second', async () => undefined)
    // The heart goes on beating while it gives away: it knows the new division by its number now.
    await until(() => given.length === 2 && first.generation > before)
    for (const partition of all) {
      expect(first.generationOf(partition)).toBe(given.includes(partition) ? undefined : first.generation)
    }
    await until(() => second.held.length === 2 && second.generation === first.generation)
    expect(second.held).toEqual(given.toSorted((a, b) => a - b))
    expect(all.filter((partition) => second.generationOf(partition) !== undefined)).toEqual(second.held)
    handedOver.resolve()
  }, 90_000)

  test('a broker that is killed and comes back finds its members: nothing changes hands', async () => {
    const lost: number[] = []
    const said: string[] = []
    const say = (_: unknown, line?: string): void => void said.push(line!)
    const log = { ...silent, warn: say, info: say }
    const first = await join4('first', async (partitions) => void lost.push(...partitions), 'kept', log)
    const second = await join4('second', async () => undefined, 'kept')
    await until(() => first.held.length === 2 && second.held.length === 2)
    await until(() => first.generation >= 0 && first.generation === second.generation)
    const [before, divisions, held] = [first.generation, first.rebalances, first.held]
    lost.length = 0
    said.length = 0
    await broker.stop('kill')
    await until(() => said.length === 1 && !first.isLeased && !second.isLeased)
    broker = await startKafka({ port, folder })
    await until(() => first.isLeased && second.isLeased)
    expect({ generation: first.generation, rebalances: first.rebalances, held: first.held, lost }).toEqual({
      generation: before,
      rebalances: divisions,
      held,
      lost: [],
    })
    expect(second.generation).toBe(before)
    expect(said).toEqual(['Kafka is lost; trying again until it is back, nothing is dropped', 'Kafka is back'])
  }, 120_000)

  test('a member stops though its broker is gone', async () => {
    const group = await join4('first', async () => undefined, 'alone')
    await until(() => group.held.length === PARTITIONS)
    await broker.stop('kill')
    await until(() => !group.isLeased)
    await group.stop()
  }, 60_000)
})
