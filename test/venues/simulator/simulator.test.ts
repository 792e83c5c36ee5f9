// Guards the feed around the market: pace by the clock it is given, end, stop, a full sink, and the truth file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { limits } from '../../../src/model/limits.ts'
import { createSimulator } from '../../../src/venues/simulator/simulator.ts'
import type { TruthRow } from '../../../src/venues/simulator/truth.ts'
import { decode } from '../decode.ts'

const folder = mkdtempSync(join(tmpdir(), 'simulator-'))
afterAll(() => rmSync(folder, { recursive: true }))

const START_MS = 1_790_000_000_000
const few = { seed: 5, startMs: START_MS, assets: ['BTC', 'DOGE'], levelsPerSecond: 1_000 }
const never = new AbortController().signal
const now = () => performance.now()

test('as fast as possible it ends after its duration and has counted all it sent', async () => {
  const feed = createSimulator({ ...few, speed: 'max', durationMs: 3_000 }, { now })
  let records = 0
  let lastMs = 0
  await feed.run(
    {
      write(batches) {
        const sent = decode(batches)
        records += sent.length
        lastMs = Math.max(lastMs, ...sent.map((record) => record.receiveMs))
        return true
      },
    },
    never,
  )
  expect(feed.status()).toMatchObject({ records, gaps: 0, rejected: 0, progress: 1 })
  expect(lastMs).toBeLessThan(START_MS + 3_000)
  expect(lastMs).toBeGreaterThan(START_MS + 2_900)
  expect(feed.positions('BTC').length).toBeGreaterThan(10_000)
})

test('in real time it follows the clock', async () => {
  const startedMs = performance.now()
  await createSimulator({ ...few, speed: 4, durationMs: 1_000 }, { now }).run({ write: () => true }, never)
  const tookMs = performance.now() - startedMs
  expect(tookMs).toBeGreaterThan(230)
})

test('it loses time, and says so, when the clock runs away', async () => {
  let calls = 0
  const late = () => (++calls > 3 ? 10 * limits.sourceLagMsMax : 0)
  const feed = createSimulator({ ...few, durationMs: 12 * limits.sourceLagMsMax, speed: 1 }, { now: late })
  const stopped = new AbortController()
  let lastMs = 0
  await feed.run(
    {
      write(batches) {
        for (const record of decode(batches)) lastMs = Math.max(lastMs, record.receiveMs)
        if (lastMs - START_MS >= 10 * limits.sourceLagMsMax) stopped.abort()
        return true
      },
    },
    stopped.signal,
  )
  expect(feed.status().gaps).toBe(1)
  expect(lastMs - START_MS).toBeLessThan(10 * limits.sourceLagMsMax + 1_000)
})

test('a start that is just past begins now', async () => {
  const feed = createSimulator({ ...few, durationMs: 20 }, { now: () => START_MS + 2_500 })
  let firstMs = 0
  await feed.run(
    {
      write(batches) {
        // The past comes first, and was made at the time asked for.
        firstMs = decode(batches).at(-1)!.receiveMs
        return true
      },
    },
    never,
  )
  expect(firstMs).toBe(START_MS + 2_500)
})

test('it waits for a full sink and ends with a closed one', async () => {
  let writes = 0
  const room = Promise.withResolvers<boolean>()
  const feed = createSimulator({ ...few, speed: 'max' }, { now })
  const ended = feed.run(
    {
      write() {
        writes++
        return writes < 3 ? true : room.promise
      },
    },
    never,
  )
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(writes).toBe(3)
  room.resolve(false)
  await ended
  expect(writes).toBe(3)
})

test('the truth file holds what the listener heard', async () => {
  const truthPath = join(folder, 'truth.jsonl')
  const heard: TruthRow[] = []
  const feed = createSimulator(
    { ...few, speed: 'max', durationMs: 60_000, truthPath },
    { now, truth: (row) => heard.push(row) },
  )
  await feed.run({ write: () => true }, never)
  const lines = readFileSync(truthPath, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(heard)
  expect(new Set(heard.map((row) => row.kind))).toContain('wall')
})

test('a truth file that cannot be written is a coded error', () => {
  const truthPath = join(folder, 'nowhere', 'truth.jsonl')
  expect(() => createSimulator({ ...few, truthPath }, { now })).toThrow(
    expect.objectContaining({ code: 'LMAP_FILE_UNWRITABLE' }),
  )
})
