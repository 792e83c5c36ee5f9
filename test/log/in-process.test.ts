// Guards the one-process log: nothing lost, reordered or counted twice, whatever the handler's pace; what is corrupt
// is skipped and nothing else; a slow handler holds the writer, not the memory.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createInProcessLog } from '../../src/log/in-process.ts'
import { BATCH_HEADER_BYTES, batchBytes } from '../../src/model/events.ts'
import type { AssetId } from '../../src/model/units.ts'
import { concat, hex, makeBatch, prng } from './batches.ts'

const none: ReadonlyMap<AssetId, number> = new Map()
const seed = Number(process.env.LMAP_SEED ?? 20_240_808)

interface Seen {
  asset: number
  offset: number
  batch: Uint8Array
}

/** Takes everything at once, with a copy. */
function collector(seen: Seen[]): (asset: AssetId, offset: number, batch: Uint8Array) => true {
  return (asset, offset, batch) => {
    seen.push({ asset, offset, batch: new Uint8Array(batch) })
    return true
  }
}

function randomBatches(count: number): Uint8Array[] {
  const random = prng(seed)
  return Array.from({ length: count }, (_, sequence) => makeBatch(random(65), sequence, 1 + random(20)))
}

describe('a handler with room', () => {
  test('gets every batch in order, in place, within the call', async () => {
    const log = createInProcessLog()
    const written = concat([makeBatch(3, 1, 4), makeBatch(7, 2, 1), makeBatch(3, 3, 9)])
    const seen: Seen[] = []
    await log.consume((asset, offset, batch) => {
      expect(batch.buffer).toBe(written.buffer)
      // A Buffer's slice() is a view: a handler that keeps one would see what the writer writes next.
      expect(Buffer.isBuffer(batch)).toBe(false)
      return collector(seen)(asset, offset, batch)
    }, none)
    expect(log.write(written)).toBe(true)
    expect(seen.map(({ asset, offset }) => [asset, offset])).toEqual([
      [3, 0],
      [7, 0],
      [3, 1],
    ])
    expect(concat(seen.map(({ batch }) => batch))).toEqual(written)
    await log.drained()
  })

  test('goes on with the offsets of the checkpoints', async () => {
    const log = createInProcessLog()
    const seen: Seen[] = []
    await log.consume(collector(seen), new Map([[5 as AssetId, 1234]]))
    log.write(concat([makeBatch(5, 1, 1), makeBatch(6, 2, 1), makeBatch(5, 3, 1)]))
    expect(seen.map(({ asset, offset }) => [asset, offset])).toEqual([
      [5, 1234],
      [6, 0],
      [5, 1235],
    ])
  })
})

describe('a handler that holds', () => {
  test(`gets the same batches in the same order at any pace, from a writer that reuses its array (seed ${seed})`, async () => {
    const log = createInProcessLog()
    const random = prng(seed)
    const batches = randomBatches(400)
    const seen: Seen[] = []
    let inside = false
    await log.consume((asset, offset, batch) => {
      expect(inside).toBe(false)
      seen.push({ asset, offset, batch: new Uint8Array(batch) })
      if (random(3) > 0) return true
      inside = true
      return new Promise((resolve) =>
        setImmediate(() => {
          inside = false
          resolve(true)
        }),
      )
    }, none)
    // A Buffer, whose slice() does not copy.
    const reused = Buffer.alloc(1 << 20)
    for (let at = 0; at < batches.length; ) {
      const some = concat(batches.slice(at, (at += 1 + random(20))))
      reused.set(some)
      const written = log.write(reused.subarray(0, some.length))
      reused.fill(0)
      if (written !== true) expect(await written).toBe(true)
    }
    await log.drained()
    expect(hex(seen.map(({ batch }) => batch))).toEqual(hex(batches))
    const next = new Map<number, number>()
    for (const { asset, offset } of seen) {
      expect(offset).toBe(next.get(asset) ?? 0)
      next.set(asset, offset + 1)
    }
    expect(log.status()).toEqual({ corrupt: 0, waiting: 0 })
  })

  test('makes the writer wait, and the queue has an end', async () => {
    const batch = makeBatch(1, 1, 10)
    const log = createInProcessLog({ bytesMax: 3 * batch.length })
    const gate = Promise.withResolvers<boolean>()
    let calls = 0
    await log.consume(() => (calls++ === 0 ? gate.promise : true), none)
    const first = log.write(concat([batch, batch]))
    expect(first).toBeInstanceOf(Promise)
    expect(log.status().waiting).toBe(1)
    const second = log.write(concat([batch, batch]))
    expect(log.status().waiting).toBe(3)
    expect(() => log.write(batch)).toThrow('waits for the promise')
    gate.resolve(true)
    expect([await first, await second]).toEqual([true, true])
    expect(calls).toBe(4)
    expect(log.write(batch)).toBe(true)
  })

  test('closes the log by saying false', async () => {
    const log = createInProcessLog()
    await log.consume(async () => false, none)
    expect(await log.write(concat([makeBatch(1, 1, 1), makeBatch(1, 2, 1)]))).toBe(false)
    expect(await log.write(makeBatch(1, 3, 1))).toBe(false)
    expect(log.status().waiting).toBe(0)
  })

  test('and fails is reported to whoever writes, then and later', async () => {
    const log = createInProcessLog()
    await log.consume(() => Promise.reject(new Error('no more memory')), none)
    await expect(log.write(makeBatch(1, 1, 1))).rejects.toThrow('no more memory')
    await expect(log.write(makeBatch(1, 2, 1))).rejects.toThrow('no more memory')
    await expect(log.drained()).rejects.toThrow('no more memory')
    await log.stop()
  })

  test('may write itself: what it writes comes after', async () => {
    const log = createInProcessLog()
    const sequences: number[] = []
    const answer = makeBatch(2, 9, 1)
    await log.consume((asset, _, batch) => {
      sequences.push(new DataView(batch.buffer, batch.byteOffset).getFloat64(8, true))
      if (asset === 1) log.write(answer)
      return true
    }, none)
    expect(log.write(concat([makeBatch(1, 1, 1), makeBatch(3, 2, 1)]))).toBe(true)
    expect(sequences).toEqual([1, 2, 9])
  })
})

describe('start and stop', () => {
  test('what is written before there is a handler waits for it', async () => {
    const log = createInProcessLog()
    const written = log.write(makeBatch(4, 1, 2))
    const seen: Seen[] = []
    await log.consume(collector(seen), none)
    expect(await written).toBe(true)
    expect(seen).toHaveLength(1)
  })

  test('stop waits for what was accepted, then refuses; twice is once', async () => {
    const log = createInProcessLog()
    const gates: (() => void)[] = []
    let calls = 0
    await log.consume(() => {
      calls++
      return new Promise((resolve) => gates.push(() => resolve(true)))
    }, none)
    const written = log.write(concat([makeBatch(1, 1, 1), makeBatch(2, 2, 1)]))
    let stopped = 0
    const stops = [log.stop(), log.stop()].map((stop) => stop.then(() => stopped++))
    expect(await log.write(makeBatch(3, 3, 1))).toBe(false)
    gates[0]!()
    await new Promise((resolve) => setImmediate(resolve))
    expect([calls, stopped]).toEqual([2, 0])
    gates[1]!()
    await Promise.all(stops)
    expect(await written).toBe(true)
    expect(stopped).toBe(2)
  })
})

describe('corrupt input', () => {
  test('takes no neighbour along: a batch that is broken anywhere is skipped alone and counted', async () => {
    const good = [makeBatch(1, 1, 3), makeBatch(2, 2, 3), makeBatch(3, 3, 3), makeBatch(4, 4, 3)]
    const broken: [string, (batch: DataView) => void][] = [
      ['magic', (batch) => batch.setUint16(0, 0, true)],
      ['version', (batch) => batch.setUint8(2, 9)],
      ['venue', (batch) => batch.setUint8(3, 200)],
      ['asset', (batch) => batch.setUint16(4, 65, true)],
      ['count 0', (batch) => batch.setUint16(6, 0, true)],
      ['a count that swallows its neighbours', (batch) => batch.setUint16(6, 6, true)],
      ['a count beyond the end', (batch) => batch.setUint16(6, 4096, true)],
      ['sequence', (batch) => batch.setFloat64(8, Number.NaN, true)],
      ['time', (batch) => batch.setFloat64(24, -1, true)],
      ['record kind', (batch) => batch.setUint8(BATCH_HEADER_BYTES + 16, 77)],
      ['tick', (batch) => batch.setUint32(BATCH_HEADER_BYTES + 4, 2 ** 30 + 1, true)],
      ['value', (batch) => batch.setFloat64(BATCH_HEADER_BYTES + 8, Number.POSITIVE_INFINITY, true)],
    ]
    for (const [what, breakIt] of broken) {
      for (let at = 0; at < good.length; at++) {
        const bad = good[at]!.slice()
        breakIt(new DataView(bad.buffer))
        const log = createInProcessLog()
        const seen: Seen[] = []
        await log.consume(collector(seen), none)
        expect(log.write(concat(good.with(at, bad)))).toBe(true)
        expect(hex(seen.map(({ batch }) => batch)), `${what}, batch ${at}`).toEqual(hex(good.toSpliced(at, 1)))
        expect(log.status().corrupt, what).toBe(1)
      }
    }
  })

  test(`never throws, and delivers every untouched batch (seed ${seed})`, async () => {
    const input = fc.record({
      records: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
      hits: fc.array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }), { maxLength: 6 }),
      cut: fc.nat(64),
    })
    await fc.assert(
      fc.asyncProperty(input, async ({ records, hits, cut }) => {
        const batches = records.map((count, sequence) => makeBatch(sequence % 65, sequence + 1, count))
        const whole = new Uint8Array(concat(batches))
        for (const { at, value } of hits) whole[at % whole.length] = value
        const bytes = whole.subarray(0, Math.max(0, whole.length - cut))
        const log = createInProcessLog()
        const seen: Seen[] = []
        await log.consume(collector(seen), none)
        expect(log.write(bytes)).toBe(true)
        const delivered = new Set(hex(seen.map(({ batch }) => batch)))
        let at = 0
        let damaged = 0
        for (const batch of batches) {
          const now = bytes.subarray(at, at + batch.length)
          const same = Buffer.compare(now, batch) === 0
          if (same) expect(delivered.has(Buffer.from(batch).toString('hex'))).toBe(true)
          else damaged++
          at += batch.length
        }
        if (damaged === 0) expect(log.status().corrupt).toBe(0)
        for (const { batch } of seen) expect(batchBytes(new DataView(batch.buffer), 0)).toBe(batch.length)
      }),
      { seed, numRuns: 500 },
    )
  })
})
