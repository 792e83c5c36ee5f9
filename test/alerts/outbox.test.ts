// Guards deliveries on their way: tried again with growing pauses, never more at a time than may be, given up and counted
// in the end, kept over a restart under the same id, gone with their rule, and dropped aloud where there is no room.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Delivery, Outbox, type OutboxOptions } from '../../src/alerts/outbox.ts'
import type { CallOutcome } from '../../src/alerts/webhook-call.ts'
import { limits } from '../../src/model/limits.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { keptLog, temporaryFolder } from '../store/samples.ts'

const again: CallOutcome = { kind: 'again', reason: 'away' }
const taken: CallOutcome = { kind: 'taken' }
const delivery = (index: number, rule = 'r'): Delivery => ({
  id: index.toString(16).padStart(8, '0'),
  rule,
  body: `{"n":${index}}`,
})

let folder: string
let outboxes: Outbox[]
beforeEach(() => {
  folder = join(temporaryFolder(), 'outbox')
  outboxes = []
})
afterEach(async () => {
  await Promise.all(outboxes.map((outbox) => outbox.stop()))
})

async function open(send: OutboxOptions['send'], changes: Partial<OutboxOptions> = {}) {
  const log = keptLog()
  const metrics = createMetrics({ process: false })
  const outbox = new Outbox({
    folder,
    send,
    log,
    metrics,
    limits,
    now: () => Date.now(),
    random: () => 0.5,
    ...changes,
  })
  outboxes.push(outbox)
  await outbox.start()
  const count = async (name: string) =>
    Number(new RegExp(`^lmap_webhook_${name} (\\d+)$`, 'm').exec(await metrics.text())?.[1] ?? 0)
  return { outbox, log, count, outcome: (name: string) => count(`deliveries_total{outcome="${name}"}`) }
}

test('a delivery lies in a file of its owner until it is taken', async () => {
  const answer = Promise.withResolvers<CallOutcome>()
  const { outbox, outcome, count } = await open(() => answer.promise)
  outbox.add(delivery(1))
  outbox.add(delivery(1))
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual(['00000001.json']))
  expect(statSync(join(folder, '00000001.json')).mode & 0o777).toBe(0o600)
  expect(await count('waiting')).toBe(1)
  answer.resolve(taken)
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]))
  expect([await outcome('taken'), await count('waiting')]).toEqual([1, 0])
})

test('is tried again with growing pauses, and given up aloud', async () => {
  const pauses: number[] = []
  let nowMs = 0
  let beforeMs = 0
  const quick = { ...limits, webhookRetryMs: 1, webhookRetryMsMax: 20, webhookTriesMax: 5 }
  const send = async () => {
    // The clock of the outbox moves with its own plans alone.
    pauses.push(nowMs - beforeMs)
    beforeMs = nowMs
    return again
  }
  const { outbox, log, outcome } = await open(send, { limits: quick, now: () => nowMs++ })
  outbox.add(delivery(1))
  await vi.waitFor(() => expect(log.lines).toHaveLength(5))
  const [, ...between] = pauses
  for (const [index, leastMs] of [1, 4, 16, 20].entries()) expect(between[index]).toBeGreaterThanOrEqual(leastMs)
  expect(log.lines.at(-1)).toMatch(/given up.*LMAP_WEBHOOK_FAILED.*"tries":5.*away/)
  expect([await outcome('again'), await outcome('dead')]).toEqual([4, 1])
  expect(readdirSync(folder)).toEqual([])
})

test('what is refused is not tried again', async () => {
  const { outbox, log, outcome } = await open(async () => ({ kind: 'refused', reason: 'hook answered 410' }))
  outbox.add(delivery(1))
  await vi.waitFor(() => expect(log.lines.join()).toMatch(/410/))
  expect(await outcome('dead')).toBe(1)
})

test('no more are on their way than may be, and all of them arrive', async () => {
  let atOnce = 0
  let most = 0
  const got = new Set<string>()
  const { outbox } = await open(async ({ id }) => {
    most = Math.max(most, ++atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    atOnce--
    got.add(id)
    return taken
  })
  for (let index = 0; index < 50; index++) outbox.add(delivery(index))
  await vi.waitFor(() => expect(got.size).toBe(50))
  expect(most).toBe(limits.webhookInFlightMax)
})

test('what waits when the process ends is sent by the next, under its id', async () => {
  const first = await open(async () => again)
  for (let index = 0; index < 3; index++) first.outbox.add(delivery(index))
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(3))
  await first.outbox.stop()
  // One that was being written when the process died, one that is damaged, and a file that is none of ours.
  writeFileSync(join(folder, '00000009.json.part'), '{"id"')
  writeFileSync(join(folder, 'ffffffff.json'), '{"id"')
  writeFileSync(join(folder, 'notes.txt'), '')
  const got: Delivery[] = []
  const { log } = await open(async (one) => {
    got.push(one)
    return taken
  })
  await vi.waitFor(() => expect(got).toHaveLength(3))
  expect(got).toEqual([0, 1, 2].map((index) => delivery(index)))
  expect(log.lines.join()).toMatch(/ffffffff.json/)
  await vi.waitFor(() => expect(readdirSync(folder).sort()).toEqual(['ffffffff.json', 'notes.txt']))
})

test('what an earlier process has left beyond the room is told, and lies until another start', async () => {
  const first = await open(async () => again)
  for (let index = 0; index < 5; index++) first.outbox.add(delivery(index))
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(5))
  await first.outbox.stop()
  const small = { limits: { ...limits, webhookQueueMax: 2 } }
  const { outbox, log } = await open(async () => taken, small)
  expect(log.lines.join()).toMatch(/lie until another start.*LMAP_WEBHOOK_FAILED.*"left":3/)
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([2, 3, 4].map((index) => `${delivery(index).id}.json`)))
  await outbox.stop()
  await open(async () => taken)
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]))
})

test('a stop breaks a try off and keeps what it was for', async () => {
  const begun = Promise.withResolvers<void>()
  const { outbox } = await open((_, signal) => {
    begun.resolve()
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(again)))
  })
  outbox.add(delivery(1))
  await begun.promise
  await outbox.stop()
  expect(readdirSync(folder)).toEqual(['00000001.json'])
})

test('those of a rule that is gone go with it', async () => {
  const { outbox } = await open(async () => again)
  outbox.add(delivery(1, 'gone'))
  outbox.add(delivery(2, 'stays'))
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(2))
  outbox.forget('gone')
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual(['00000002.json']))
})

test('where there is no room the newest is dropped and told', async () => {
  const { outbox, log, outcome } = await open(async () => again, { limits: { ...limits, webhookQueueMax: 2 } })
  for (let index = 0; index < 3; index++) outbox.add(delivery(index))
  expect(log.lines.join()).toMatch(/one is dropped.*LMAP_WEBHOOK_FAILED/)
  expect(await outcome('dropped')).toBe(1)
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(2))
})

test('a disk that takes nothing does not hold a delivery up', async () => {
  const got: Delivery[] = []
  const send = async (one: Delivery) => {
    got.push(one)
    return taken
  }
  const { outbox, log } = await open(send)
  // Where the folder should be there is a file.
  writeFileSync(folder, '')
  outbox.add(delivery(1))
  await vi.waitFor(() => expect(got).toHaveLength(1))
  expect(log.lines.join()).toMatch(/cannot be written down/)
})
