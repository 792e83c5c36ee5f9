// Guards how topics are asked for: in parts as large as the venue takes, at its pace, each answer recorded. One bad topic
// must not cost the others, and an answer that never comes is asked for once more and then ends the socket.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { bybitProtocol } from '../../../src/venues/bybit/feed.ts'
import { Subscriptions } from '../../../src/venues/live/subscriptions.ts'

interface Sent {
  req_id: string
  op: string
  args: string[]
}

let subscriptions: Subscriptions | undefined
afterEach(() => subscriptions?.close())

function open(pace: Partial<typeof bybitProtocol.pace> = {}) {
  const sent: Sent[] = []
  const refused: string[] = []
  let nowMs = 0
  const usual = { ...bybitProtocol.pace, topicsPerFrame: 3, frameGapMs: 0 }
  subscriptions = new Subscriptions({
    protocol: { ...bybitProtocol, pace: { ...usual, ...pace } },
    now: () => nowMs,
    ackMsMax: 5_000,
    send: (frame) => sent.push(JSON.parse(frame) as Sent),
    refused: (topic, reason) => refused.push(`${topic}: ${reason}`),
  })
  const ack = (id: number) => subscriptions!.answer({ kind: 'ack', id, topic: undefined })
  const refuse = (id: number | undefined, topic?: string) =>
    subscriptions!.answer({ kind: 'refused', id, topic, reason: 'no' })
  return { subscriptions, sent, refused, ack, refuse, pass: (ms: number) => (nowMs += ms) }
}

test('in parts, each acknowledged by its number', () => {
  const { subscriptions, sent, ack } = open()
  subscriptions.subscribe(['a', 'b', 'c', 'd'])
  expect(sent.map(({ args }) => args)).toEqual([['a', 'b', 'c'], ['d']])
  ack(1)
  expect(subscriptions.isSettled).toBe(false)
  ack(2)
  expect(subscriptions.isSettled).toBe(true)
  expect(subscriptions.isOverdue(60_000)).toBe(false)
})

test('acknowledged topic by topic, with or without the number', () => {
  const { subscriptions, sent } = open()
  subscriptions.subscribe(['a', 'b'])
  expect(sent.length).toBe(1)
  subscriptions.answer({ kind: 'ack', id: 1, topic: 'a' })
  expect(subscriptions.isSettled).toBe(false)
  subscriptions.answer({ kind: 'ack', id: undefined, topic: 'b' })
  expect(subscriptions.isSettled).toBe(true)
})

test('no frame is longer than the venue takes', () => {
  const { subscriptions, sent } = open({ topicsPerFrame: 100, frameBytesMax: 90 })
  subscriptions.subscribe(['orderbook.200.BTCUSDT', 'orderbook.200.ETHUSDT', 'orderbook.200.SOLUSDT'])
  expect(sent.flatMap(({ args }) => args).length).toBe(3)
  for (const frame of sent) expect(JSON.stringify(frame).length).toBeLessThanOrEqual(90)
})

test('at the pace of the venue', async () => {
  const { subscriptions, sent, pass } = open({ topicsPerFrame: 1, frameGapMs: 30 })
  subscriptions.subscribe(['a', 'b'])
  expect(sent.length).toBe(1)
  pass(30)
  await sleep(60)
  expect(sent.length).toBe(2)
})

test('what was refused together is asked for one by one', () => {
  const { subscriptions, sent, refused, ack, refuse } = open()
  subscriptions.subscribe(['a', 'bad', 'c'])
  refuse(1)
  expect(sent.slice(1).map(({ args }) => args)).toEqual([['a'], ['bad'], ['c']])
  ack(2)
  refuse(3)
  ack(4)
  expect(refused).toEqual(['bad: no'])
  expect(subscriptions.isSettled).toBe(true)
})

test('a refusal without a number is meant for the oldest; one with a topic for that one alone', () => {
  const { subscriptions, refused, refuse, ack } = open()
  subscriptions.subscribe(['a', 'b', 'c', 'd'])
  refuse(undefined, 'b')
  expect(refused).toEqual(['b: no'])
  ack(1)
  refuse(undefined)
  expect(refused).toEqual(['b: no', 'd: no'])
  expect(subscriptions.isSettled).toBe(true)
})

test('without an answer: once more, then the socket is given up', () => {
  const { subscriptions, sent, pass } = open()
  subscriptions.subscribe(['a'])
  expect(subscriptions.isOverdue(4_999)).toBe(false)
  pass(5_000)
  expect(subscriptions.isOverdue(5_000)).toBe(false)
  expect(sent.length).toBe(2)
  expect(subscriptions.isOverdue(9_999)).toBe(false)
  expect(subscriptions.isOverdue(10_000)).toBe(true)
})

test('a renewal takes off before it puts on, and minds no refusal of the former', () => {
  const { subscriptions, sent, refused, refuse, ack } = open()
  subscriptions.renew(['a'])
  expect(sent.map(({ op }) => op)).toEqual(['unsubscribe', 'subscribe'])
  refuse(1)
  ack(2)
  expect(refused).toEqual([])
  expect(subscriptions.isSettled).toBe(true)
})
