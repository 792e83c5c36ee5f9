// Guards what gateways are told by processors: parcels read back as they were written and broken ones are refused, a
// process that lost an asset is not listened to, and after a gap nobody is shown a delta without the column it changes.
import { expect, test } from 'vitest'
import { FrameGate } from '../../src/log/frame-gate.ts'
import { decodeParcel, type Entry, encodeEntry, encodeParcel, OWNER_BYTES } from '../../src/log/parcel.ts'
import { limits } from '../../src/model/limits.ts'
import type { LiveBlock } from '../../src/model/stages.ts'
import type { AssetId } from '../../src/model/units.ts'
import { prng } from './batches.ts'

const seed = Number(process.env.LMAP_SEED ?? 9_302)
const eth = 1 as AssetId
const ALICE = Buffer.alloc(OWNER_BYTES, 1)
const BOB = Buffer.alloc(OWNER_BYTES, 2)

function block(kind: LiveBlock['kind'], mark: number, timeframe = 0): Entry {
  const live = {
    asset: eth,
    timeframe,
    kind,
    clockMs: 1_000 + mark,
    block: Uint8Array.from([mark, mark + 1, mark + 2]),
  }
  return { kind: 'block', live }
}

function parcel(owner: Uint8Array, generation: number, sequence: number, ...entries: Entry[]): Uint8Array {
  const header = { asset: eth, generation, sequence, owner, sentMs: 5, behindMs: 7 }
  return encodeParcel(
    header,
    entries.map((entry) => encodeEntry(entry)!),
  )
}

function gate() {
  const told: string[] = []
  const clock = { ms: 0 }
  const made = new FrameGate({
    now: () => clock.ms,
    sink: {
      block: ({ kind, block: bytes }) => told.push(`${kind} ${bytes[0]}`),
      status: (_, { states }, behindMs) => told.push(`status ${states[0]} ${behindMs}`),
      report: ({ id }) => told.push(`report ${id}`),
      handedOver: (_, silentMs) => told.push(`handed over after ${silentMs}`),
    },
  })
  const take = (...parts: Parameters<typeof parcel>): string[] => {
    told.length = 0
    made.take(parcel(...parts))
    return [...told]
  }
  return { made, told, clock, take }
}

test('a parcel reads back as it was written, whatever is in it', () => {
  const status = {
    states: [2, 1, 0, 0, 0, 0, 0, 0],
    model: { state: 1, id: 9, mean: 0.5, error: Number.POSITIVE_INFINITY, hours: 3 },
    liquidity: { clockMs: 1, price: 2, step: 3, venues: [], realised: [] },
  }
  const report = { kind: 'sweep', id: 's1', asset: eth } as unknown as Extract<Entry, { kind: 'report' }>['report']
  const entries: Entry[] = [
    block('closed', 1, 5),
    block('key', 2),
    block('delta', 3),
    block('refresh', 4),
    { kind: 'status', asset: eth, status },
    { kind: 'report', report },
  ]
  expect(decodeParcel(parcel(ALICE, 3, 8, ...entries))).toEqual({
    asset: eth,
    generation: 3,
    sequence: 8,
    owner: ALICE.toString('hex'),
    sentMs: 5,
    behindMs: 7,
    entries,
  })
})

test(`no cut and no changed byte is more than refused (seed ${seed})`, () => {
  const random = prng(seed)
  const whole = parcel(ALICE, 1, 1, block('key', 1), block('delta', 2))
  for (let end = 0; end < whole.length; end++) expect(decodeParcel(whole.subarray(0, end))).toBeUndefined()
  const { made } = gate()
  for (let round = 0; round < 2_000; round++) {
    const bytes = Uint8Array.from(whole)
    bytes[random(bytes.length)] = random(256)
    expect(() => made.take(bytes)).not.toThrow()
  }
  expect(made.counts.corrupt).toBeGreaterThan(0)
  expect(
    encodeEntry({
      kind: 'block',
      live: { ...(block('key', 1) as { live: LiveBlock }).live, block: new Uint8Array(limits.parcelBytesMax) },
    }),
  ).toBeUndefined()
})

test('a writer that lost the asset is not heard, the new one from its first word', () => {
  const { made, clock, take } = gate()
  expect(take(ALICE, 4, 1, block('key', 10))).toEqual(['key 10'])
  clock.ms = 1_200
  expect(take(BOB, 5, 1, block('key', 20))).toEqual(['handed over after 1200', 'key 20'])
  // It slept, and wakes with what it was about to say.
  expect(take(ALICE, 4, 2, block('delta', 11))).toEqual([])
  expect(take(ALICE, 5, 3, block('delta', 12))).toEqual([])
  expect(take(BOB, 5, 2, block('delta', 21))).toEqual(['delta 21'])
  expect(made.counts).toMatchObject({ fenced: 2, handovers: 1, gaps: 0 })
})

test('the owner stays the owner through a division of the group', () => {
  const { take } = gate()
  take(ALICE, 4, 1, block('key', 10))
  expect(take(ALICE, 6, 2, block('delta', 11))).toEqual(['delta 11'])
})

test('a group that was forgotten counts from the start again, after a silence', () => {
  const { clock, take } = gate()
  take(ALICE, 40, 1, block('key', 10))
  clock.ms = limits.framesQuietMs
  expect(take(BOB, 1, 1, block('key', 20))).toEqual([])
  clock.ms = limits.framesQuietMs + 1
  expect(take(BOB, 1, 2, block('key', 21))).toEqual([`handed over after ${clock.ms}`, 'key 21'])
})

test('after a gap deltas wait for a whole column, which is news to everybody', () => {
  const { made, take } = gate()
  take(ALICE, 1, 1, block('key', 10), block('key', 50, 3))
  expect(take(ALICE, 1, 2, block('delta', 11), block('refresh', 12))).toEqual(['delta 11', 'refresh 12'])
  // 3 was dropped by its writer.
  expect(take(ALICE, 1, 4, block('delta', 13), block('closed', 14))).toEqual(['closed 14'])
  expect(take(ALICE, 1, 5, block('refresh', 15), block('delta', 51, 3))).toEqual(['key 15'])
  expect(take(ALICE, 1, 6, block('delta', 16), block('refresh', 52, 3))).toEqual(['delta 16', 'key 52'])
  // Told twice: its writer was not sure that the broker had it.
  expect(take(ALICE, 1, 6, block('delta', 16))).toEqual([])
  expect(made.counts).toMatchObject({ gaps: 1, fenced: 1 })
})

test('who begins to listen is told the column as it is now, and nothing where it is not known', () => {
  const { made, told, take } = gate()
  made.retell(eth, 0)
  expect(told).toEqual([])
  take(ALICE, 1, 1, block('key', 10), block('delta', 11))
  take(ALICE, 1, 2, block('refresh', 12), block('delta', 13))
  told.length = 0
  made.retell(eth, 0)
  expect(told).toEqual(['key 12', 'delta 13'])
  told.length = 0
  take(ALICE, 1, 4, block('delta', 15))
  made.retell(eth, 0)
  expect(told).toEqual([])
})
