// Guards the scale-out on a real broker and a real database: processors that are killed, paused and stopped while they
// work leave the same history behind as one that was never disturbed on the same events, no asset is without an owner
// for long, one that was replaced while it slept can tell nobody anything, and a client of a gateway sees none of it but
// a pause.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RunningClickHouse, startClickHouse } from '../../ops/clickhouse/server.ts'
import { freePort } from '../../ops/kafka/broker.ts'
import { kafkaRequirements, type RunningKafka, startKafka } from '../../ops/kafka/kafka.ts'
import { differences, digestOf } from '../../ops/local/digest.ts'
import { connect, MapChange } from '../../src/client/index.ts'
import { requirement } from '../requirements.ts'
import { type Command, endCommands, newFolder, removeFolders, startMain } from './command.ts'

const seed = Number(process.env.LMAP_SEED ?? 9_300)
const real = requirement('on a real broker', kafkaRequirements())
const ASSETS = 'BTC,ETH,SOL,XRP,DOGE,ADA,LINK,AVAX'
// Ten times the clock: minutes close every six seconds, and processors have something to catch up on.
const MARKET = ['--assets', ASSETS, '--rate', '2000', '--seed', String(seed), '--speed', '10', '--duration', '420']
// Nothing here takes so long; a machine that is busy with other things may. What was measured is printed instead.
const STEP_MS_MAX = 120_000

interface Numbers {
  readonly [name: string]: number
}

describe.skipIf(real.skip)(real.title, () => {
  let broker: RunningKafka
  let store: RunningClickHouse

  beforeAll(async () => {
    broker = await startKafka({ port: await freePort(), folder: newFolder() })
    store = await startClickHouse({ port: 0, path: join(newFolder(), 'clickhouse') })
  }, 120_000)

  afterEach(endCommands)

  afterAll(async () => {
    await broker?.stop()
    await store?.stop()
    removeFolders()
  }, 60_000)

  /** A role with a folder of its own, on topics of this test; resolves when it answers. */
  async function start(role: string, topic: string, database: string, more: readonly string[] = []) {
    const folder = join(newFolder(), role)
    mkdirSync(folder)
    const address = ['--kafka', broker.brokers.join(','), '--clickhouse', `${store.url}/${database}`]
    const topics = role === 'collect' ? ['--topic', topic] : ['--frames', `${topic}.${database}`]
    const both = role === 'process' ? ['--topic', topic, '--group', database, '--workers', '1'] : []
    const common = ['--data', folder, '--port', '0', ...address, ...topics, ...both, ...more]
    const command = startMain([role, ...common])
    const port = (await command.said(/http:\/\/localhost:(\d+)/, STEP_MS_MAX))[1]!
    return { command, url: `http://127.0.0.1:${port}` }
  }

  type Running = Awaited<ReturnType<typeof start>>

  async function numbersOf({ url }: Running): Promise<Numbers> {
    const text = await (await fetch(`${url}/metrics`)).text()
    const rows = [...text.matchAll(/^lmap_(\w+)(?:\{[^}]*\})? ([\d.e+-]+)$/gm)]
    const sums: Record<string, number> = {}
    for (const [, name, value] of rows) sums[name!] = (sums[name!] ?? 0) + Number(value)
    return sums
  }

  /** Polls, because another process has nothing to await. */
  async function until(what: string, ready: () => Promise<boolean>, withinMs: number): Promise<number> {
    const begunMs = performance.now()
    while (!(await ready().catch(() => false))) {
      if (performance.now() - begunMs > withinMs) throw new Error(`${what}: not within ${withinMs} ms`)
      await pause(100)
    }
    return performance.now() - begunMs
  }

  const holds = (running: Running, assets: number, withinMs = STEP_MS_MAX) =>
    until(`${assets} assets held`, async () => (await numbersOf(running)).assets_held === assets, withinMs)

  const isThrough = async (running: Running) => {
    const { kafka_lag_messages: lag, engine_pending_bytes: pending } = await numbersOf(running)
    return lag === 0 && pending === 0
  }

  const tell = (line: string): void => void process.stderr.write(`roles: ${line}\n`)

  async function stop(command: Command): Promise<void> {
    command.signal('SIGTERM')
    // What a busy machine leaves behind at a stop is read again by whoever goes on, so the end is all that is waited for.
    await command.ended
  }

  test(`killed, paused, rejoined: the history of an undisturbed run (seed ${seed})`, async () => {
    const topic = `roles.${seed}`
    const calm = await start('process', topic, 'calm')
    const first = await start('process', topic, 'rough')
    await Promise.all([holds(calm, 65), holds(first, 65)])
    const gateway = await start('serve', topic, 'rough')
    const second = await start('process', topic, 'rough')
    await until('the work is shared', async () => (await numbersOf(second)).kafka_partitions_held === 4, STEP_MS_MAX)
    const collector = await start('collect', topic, 'calm', MARKET)
    const heard: number[] = []
    const url = `${gateway.url.replace('http', 'ws')}/stream`
    const client = connect({ url, now: () => performance.now(), random: () => 0 })
    client.subscribe('BTC', '1m').onChange((change) => {
      if (change !== MapChange.status) heard.push(performance.now())
    })
    await until('the client hears', async () => heard.length > 0, STEP_MS_MAX)

    // A crash: the other one has all of it within the time that is promised.
    first.command.signal('SIGKILL')
    tell(`${Math.round(await holds(second, 65))} ms after a crash all assets had an owner again`)

    // A sleeper: replaced while it does not know, it wakes in the middle of its work.
    const third = await start('process', topic, 'rough')
    await until(
      'the work is shared again',
      async () => (await numbersOf(third)).kafka_partitions_held === 4,
      STEP_MS_MAX,
    )
    const { kafka_rebalances: rebalances } = await numbersOf(second)
    second.command.signal('SIGSTOP')
    tell(`${Math.round(await holds(third, 65))} ms after one fell asleep all assets had an owner again`)
    second.command.signal('SIGCONT')
    await until(
      'the sleeper is back in the group',
      // It woke with four that it took for its own: only a division that it heard of tells.
      async () => {
        const numbers = await numbersOf(second)
        return numbers.kafka_rebalances! > rebalances! && numbers.kafka_partitions_held === 4
      },
      STEP_MS_MAX,
    )
    // It kept its mouth shut, or was not listened to: what it had to say is counted at one end or the other.
    const woken = (await numbersOf(second)).frames_dropped! + (await numbersOf(gateway)).frames_fenced!
    expect(woken).toBeGreaterThan(0)

    // In order.
    await stop(second.command)
    await holds(third, 65)

    expect((await collector.command.ended).stdout).toContain('The source has ended')
    await until('all is read', async () => (await isThrough(calm)) && (await isThrough(third)), STEP_MS_MAX)
    const lastHeardMs = heard.at(-1)!
    await stop(third.command)
    await stop(calm.command)
    client.close()

    const gaps = heard.slice(1).map((ms, index) => ms - heard[index]!)
    tell(`the longest silence of the client: ${Math.round(Math.max(...gaps))} ms`)
    expect(lastHeardMs).toBeGreaterThan(heard[0]!)
    const { frames_handovers, frames_corrupt } = await numbersOf(gateway)
    expect(frames_handovers).toBeGreaterThan(0)
    expect(frames_corrupt).toBe(0)
    const [expected, found] = [await digestOf(`${store.url}/calm`), await digestOf(`${store.url}/rough`)]
    expect(expected.columns!.rows).toBeGreaterThan(40)
    expect(differences(expected, found)).toEqual([])
  }, 900_000)
})
