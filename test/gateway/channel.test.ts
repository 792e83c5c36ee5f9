// Guards what newcomers are served with: an opening and every message since, in order and without a gap, however messages
// and openings come; and that neither the messages kept nor the openings grow without end.
import { expect, test } from 'vitest'
import { Channel, type Message } from '../../src/gateway/channel.ts'
import { Channels } from '../../src/gateway/channels.ts'
import { CounterTally } from '../../src/gateway/counter-tally.ts'
import { frontMetrics } from '../../src/gateway/gateway-metrics.ts'
import { limits } from '../../src/model/limits.ts'
import { prng } from '../reference/prng.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const topic = 'map/0/0/255/0'

function messageOf(sequence: number, bytes: number): Message {
  return { topic, sequence: sequence >>> 0, sentMs: 0, isBinary: true, bytes: new Uint8Array(bytes) }
}

test(`an opening is followed by every message since, over the end of the sequence too (seed ${seed})`, () => {
  const random = prng(seed)
  const channel = new Channel(topic)
  let sequence = 2 ** 32 - 500
  let served = 0
  for (let turn = 0; turn < 3_000; turn++) {
    const part = Math.floor(random() * 3)
    if (random() < 0.05) channel.opening({ ...messageOf(sequence, 2_000 + Math.floor(random() * 8_000)), part })
    else channel.message(messageOf(++sequence, Math.floor(random() * 300)))
    const start = channel.start(part)
    if (start === undefined) continue
    served++
    const { opening, tail } = start
    expect(opening.part).toBe(part)
    expect(tail.map((message) => message.sequence)).toEqual(
      tail.map((_, index) => (opening.sequence + index + 1) >>> 0),
    )
    expect((opening.sequence + tail.length) >>> 0).toBe(sequence >>> 0)
    expect(tail.length).toBeLessThanOrEqual(limits.openingTailMax)
    expect(tail.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(opening.bytes.length / 2)
  }
  expect(served).toBeGreaterThan(100)
  channel.forget()
  expect(channel.start(0)).toBeUndefined()
  expect(channel.keptBytes).toBe(0)
})

test('an opening is asked for once, however many want it, and kept openings have a bound', () => {
  const asked: string[] = []
  const channels = new Channels({
    supply: {
      acquire: (name) => asked.push(`hold ${name}`),
      release: (name) => asked.push(`let go of ${name}`),
      want: (name, part) => asked.push(`want ${name} ${part}`),
    },
    metrics: frontMetrics(new CounterTally()),
    publish: () => undefined,
    opened: () => undefined,
    renewed: () => undefined,
  })
  const [one, two] = [channels.acquire('map/1/0/255/0'), channels.acquire('map/2/0/255/0')]
  expect(channels.acquire(one.topic)).toBe(one)
  for (let client = 0; client < 5; client++) expect(channels.start(one, 9)).toBeUndefined()
  expect(asked).toEqual([`hold ${one.topic}`, `hold ${two.topic}`, `want ${one.topic} 9`])
  const half = new Uint8Array(limits.openingBytesMax / 2 + 1)
  const opening = { sequence: 1, sentMs: 0, isBinary: true, bytes: half }
  channels.opening({ ...opening, topic: one.topic, part: 9 })
  expect(channels.start(one, 9)?.opening.bytes).toBe(half)
  // Nobody holds this one: it takes no room.
  channels.opening({ ...opening, topic: 'map/3/0/255/0', part: 9 })
  expect(channels.start(one, 9)).toBeDefined()
  channels.start(two, 4)
  channels.opening({ ...opening, topic: two.topic, part: 4 })
  expect(channels.start(two, 4)).toBeDefined()
  expect(one.keptBytes).toBe(0)
  channels.release(one)
  channels.release(one)
  expect(asked.at(-1)).toBe(`let go of ${one.topic}`)
})
