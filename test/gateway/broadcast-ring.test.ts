// Guards what crosses to gateway threads: every message arrives whole and in order, wherever the ring wraps; who was
// overtaken by a whole ring finds out, and never takes torn bytes for a message, also while the writer goes on writing.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { BroadcastRing, RingReader, ringMemory } from '../../src/gateway/broadcast-ring.ts'
import type { Message, Opening } from '../../src/gateway/channel.ts'
import { WrittenOpenings } from '../../src/gateway/written-openings.ts'
import { limits } from '../../src/model/limits.ts'
import { SNAPSHOT_BYTES_MAX } from '../../src/wire/groups.ts'
import { prng } from '../reference/prng.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const RING_BYTES = 4_096

interface Told {
  readonly kind: 'message' | 'opening' | 'renew'
  readonly topic: string
  readonly sequence: number
  readonly part: number
  readonly isBinary: boolean
  readonly text: string
}

/** What a reader hears, as plain data. */
class Ear {
  readonly told: Told[] = []

  message({ topic, sequence, isBinary, bytes }: Message): void {
    this.told.push({ kind: 'message', topic, sequence, part: 0, isBinary, text: Buffer.from(bytes).toString('latin1') })
  }

  opening({ topic, sequence, part, isBinary, bytes }: Opening): void {
    this.told.push({ kind: 'opening', topic, sequence, part, isBinary, text: Buffer.from(bytes).toString('latin1') })
  }

  renew(topic: string): void {
    this.told.push({ kind: 'renew', topic, sequence: 0, part: 0, isBinary: false, text: '' })
  }
}

function write(ring: BroadcastRing, { kind, topic, sequence, part, isBinary, text }: Told): void {
  const message = { topic, sequence, sentMs: 0, isBinary, bytes: Buffer.from(text, 'latin1') }
  if (kind === 'message') ring.message(message)
  else if (kind === 'opening') ring.opening({ ...message, part })
  else ring.renew(topic)
}

function randomTold(random: () => number, sequence: number, bytesMax: number): Told {
  const topic = `map/${Math.floor(random() * 65)}/0/255`
  const kind = (['message', 'message', 'opening', 'renew'] as const)[Math.floor(random() * 4)]!
  if (kind === 'renew') return { kind, topic, sequence: 0, part: 0, isBinary: false, text: '' }
  const text = String.fromCharCode(97 + (sequence % 26)).repeat(Math.floor(random() * bytesMax))
  const part = kind === 'opening' ? Math.floor(random() * 360) : 0
  return { kind, topic, sequence, part, isBinary: random() < 0.5, text }
}

test(`everything arrives whole and in order, for readers of any pace (seed ${seed})`, () => {
  const random = prng(seed)
  const memory = ringMemory(RING_BYTES)
  const ring = new BroadcastRing(memory)
  const [prompt, lazy] = [new RingReader(memory, 0), new RingReader(memory, 0)]
  const [promptEar, lazyEar] = [new Ear(), new Ear()]
  const all: Told[] = []
  for (let sequence = 0; sequence < 5_000; sequence++) {
    const told = randomTold(random, sequence, 300)
    all.push(told)
    write(ring, told)
    expect(prompt.read(promptEar, 0)).toBe(true)
    if (sequence % 5 === 4) expect(lazy.read(lazyEar, 0)).toBe(true)
  }
  lazy.read(lazyEar, 0)
  expect(promptEar.told).toEqual(all)
  expect(lazyEar.told).toEqual(all)
  expect(prompt.position).toBe(ring.position)
})

test('messages of every length up to half of the ring cross, the empty one too', () => {
  const memory = ringMemory(RING_BYTES)
  const ring = new BroadcastRing(memory)
  const reader = new RingReader(memory, 0)
  for (let length = 0; length <= RING_BYTES / 2 - 40; length++) {
    const ear = new Ear()
    const told = {
      kind: 'message',
      topic: 't',
      sequence: length,
      part: 0,
      isBinary: true,
      text: 'x'.repeat(length),
    } as const
    write(ring, told)
    reader.read(ear, 0)
    expect(ear.told).toEqual([told])
  }
  expect(() => ring.renew('t'.repeat(RING_BYTES))).toThrow('two of the largest')
})

test('who was overtaken is told so once, and goes on with what follows', () => {
  const memory = ringMemory(RING_BYTES)
  const ring = new BroadcastRing(memory)
  const reader = new RingReader(memory, 0)
  for (let sequence = 0; sequence < 100; sequence++) write(ring, randomTold(prng(sequence), sequence, 200))
  const ear = new Ear()
  expect(reader.read(ear, 0)).toBe(false)
  expect(ear.told).toEqual([])
  const next = randomTold(prng(1), 101, 200)
  write(ring, next)
  expect(reader.read(ear, 0)).toBe(true)
  expect(ear.told).toEqual([next])
})

test('a position beyond 2^32 bytes is nothing special', () => {
  const memory = ringMemory(RING_BYTES)
  // Claimed and published: as if four gigabytes less a little had been written.
  new Uint32Array(memory, 0, 2).fill(2 ** 32 - 640)
  const ring = new BroadcastRing(memory)
  const reader = new RingReader(memory, ring.position)
  const ear = new Ear()
  const all = Array.from({ length: 40 }, (_, sequence) => randomTold(prng(sequence), sequence, 200))
  for (const told of all) {
    write(ring, told)
    expect(reader.read(ear, 0)).toBe(true)
  }
  expect(ring.position).toBeLessThan(2 ** 31)
  expect(ear.told).toEqual(all)
})

test(`a thread that reads while the ring is written takes nothing that is torn (seed ${seed})`, async () => {
  const random = prng(seed)
  const memory = ringMemory(16 * RING_BYTES)
  const ring = new BroadcastRing(memory)
  const place = new Int32Array(new SharedArrayBuffer(4))
  const workerData = { memory, place }
  const worker = new Worker(new URL('./ring-ear.ts', import.meta.url), { workerData, execArgv: [] })
  await once(worker, 'message')
  const bytes = new Uint8Array(700)
  const messages = 100_000
  for (let sequence = 0; sequence < messages; ) {
    // Between a few messages and three times the ring, so that some are read and some are overtaken.
    for (let left = 1 + Math.floor(random() * 300); left > 0 && sequence < messages; left--, sequence++) {
      ring.message({ topic: 't', sequence, sentMs: 0, isBinary: true, bytes: bytes.fill(sequence & 255) })
    }
    // Half of the time the reader is waited for.
    if (random() < 0.5) continue
    for (let at = Atomics.load(place, 0); at !== (ring.position | 0); at = Atomics.load(place, 0)) {
      Atomics.wait(place, 0, at, 1_000)
    }
  }
  // The end may be overtaken too: it is told until it is heard.
  const ending = setInterval(() => ring.renew('t'), 1)
  const [result] = await once(worker, 'message')
  clearInterval(ending)
  console.log(`${messages} messages: ${JSON.stringify(result)}`)
  expect(result).toMatchObject({ torn: 0, disordered: 0 })
  expect(result.read).toBeGreaterThan(0)
  expect(result.overruns).toBeGreaterThan(0)
})

test('an opening is on its way to who has not read it, and to nobody else, also when places begin anew', () => {
  const GIB4 = 2 ** 32
  const ring = { written: 1_000, position: 1_000 }
  const openings = new WrittenOpenings(ring)
  expect(openings.isComing('map/0/0/1/0', 360, 900)).toBe(false)
  openings.add('map/0/0/1/0', 360)
  expect(openings.isComing('map/0/0/1/0', 360, 999)).toBe(true)
  expect(openings.isComing('map/0/0/1/0', 360, 1_000)).toBe(false)
  expect(openings.isComing('map/0/0/1/0', 60, 999)).toBe(false)
  // A whole round later a reader stands at the same place, and the opening is long gone.
  ring.written += GIB4 - 10
  ring.position = 990
  expect(openings.isComing('map/0/0/1/0', 360, 990)).toBe(false)
  openings.add('map/0/0/1/0', 360)
  ring.written += 20
  ring.position = 1_010
  expect(openings.isComing('map/0/0/1/0', 360, 989)).toBe(true)
  expect(openings.isComing('map/0/0/1/0', 360, 990)).toBe(false)
  // Across the place where they begin anew.
  ring.written += GIB4 - 1_010
  ring.position = 0
  openings.add('map/1/0/1/0', 360)
  expect(openings.isComing('map/1/0/1/0', 360, GIB4 - 8)).toBe(true)
})

test('what was written is counted on where places begin anew', () => {
  const memory = ringMemory(RING_BYTES)
  new Uint32Array(memory, 0, 2).fill(2 ** 32 - 64)
  const ring = new BroadcastRing(memory)
  const before = ring.position
  const ear = new Ear()
  const reader = new RingReader(memory, before)
  for (let sequence = 0; sequence < 10; sequence++) {
    write(ring, { kind: 'message', topic: 'map/0/0/255/0', sequence, part: 0, isBinary: true, text: 'x'.repeat(50) })
    expect(reader.read(ear, 0)).toBe(true)
  }
  expect(ring.position).toBeLessThan(before)
  expect(ring.written).toBe((ring.position - before) >>> 0)
  expect(ear.told.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('a ring of the usual size takes the largest snapshot wherever it stands', () => {
  const memory = ringMemory(limits.gatewayRingBytes)
  const ring = new BroadcastRing(memory)
  const reader = new RingReader(memory, ring.position)
  const bytes = new Uint8Array(SNAPSHOT_BYTES_MAX)
  const sizes: number[] = []
  const ear = {
    message: () => undefined,
    opening: (opening: Opening) => void sizes.push(opening.bytes.length),
    renew: () => undefined,
  }
  for (let sequence = 0; sequence < 7; sequence++) {
    ring.opening({ topic: 'map/0/0', sequence, part: 0, isBinary: true, sentMs: 0, bytes })
    expect(reader.read(ear, 0)).toBe(true)
  }
  expect(sizes).toEqual(Array(7).fill(SNAPSHOT_BYTES_MAX))
})
