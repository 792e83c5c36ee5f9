// Guards the thread around a feed: the same bytes as without it, bytes on the way bounded by the sink, an ordered stop
// with nothing after it, errors with their codes.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LmapError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import type { SimulatorOptions } from '../../src/venues/simulator/options.ts'
import { createSimulator } from '../../src/venues/simulator/simulator.ts'
import { createSource } from '../../src/venues/source.ts'
import { decode } from './decode.ts'

const few: SimulatorOptions = {
  seed: 9,
  startMs: 1_790_000_000_000,
  assets: ['BTC', 'ETH', 'SOL'],
  levelsPerSecond: 20_000,
  speed: 'max',
}

test('a thread sends the bytes that its feed makes, and ends after the last was taken', async () => {
  const options = { ...few, durationMs: 5_000 }
  const direct = createHash('sha256')
  const feed = createSimulator(options, { now: () => performance.now() })
  await feed.run(
    {
      write(batches) {
        direct.update(batches)
        return true
      },
    },
    new AbortController().signal,
  )

  const threaded = createHash('sha256')
  const source = createSource({ kind: 'simulator', options })
  await source.start()
  let isTaking = false
  source.connect({
    async write(batches) {
      threaded.update(batches)
      isTaking = true
      await sleep(1)
      isTaking = false
      return true
    },
  })
  await source.ended
  expect(isTaking).toBe(false)
  expect(threaded.digest('hex')).toBe(direct.digest('hex'))
  expect(source.status()).toEqual(feed.status())
  await source.stop()
})

test('a sink that waits holds the feed back', async () => {
  const source = createSource({ kind: 'simulator', options: few })
  const room = Promise.withResolvers<boolean>()
  let writes = 0
  source.connect({
    write() {
      writes++
      return room.promise
    },
  })
  await source.start()
  await sleep(1_500)
  const held = source.status().records
  expect(held).toBeGreaterThan(0)
  await sleep(600)
  expect(writes).toBe(1)
  expect(source.status().records).toBe(held)
  // Everything made is on the way: the credit, and what the feed wrote last.
  expect(held * 16).toBeGreaterThan(limits.sourceBytesMax / 2)
  expect(held * 16).toBeLessThan(limits.sourceBytesMax + (2 << 20))
  room.resolve(true)
  await source.stop()
})

test('stop delivers what was made, in whole batches, and nothing after', async () => {
  const source = createSource({ kind: 'simulator', options: { ...few, speed: 1, startMs: Date.now() } })
  let records = 0
  let isStopped = false
  await source.start()
  source.connect({
    write(batches) {
      expect(isStopped).toBe(false)
      records += decode(batches).length
      return true
    },
  })
  await sleep(700)
  const startedMs = performance.now()
  await source.stop()
  isStopped = true
  expect(performance.now() - startedMs).toBeLessThan(limits.stopMsMax)
  expect(records).toBe(source.status().records)
  expect(records).toBeGreaterThan(5_000)
  await source.stop()
  await sleep(100)
})

test('a source that was asked to stop has not ended by itself', async () => {
  const source = createSource({ kind: 'simulator', options: few })
  await source.start()
  source.connect({ write: () => true })
  await source.stop()
  expect(await Promise.race([source.ended.then(() => 'ended'), sleep(50, 'open')])).toBe('open')
})

test('a stop before the start, or before a sink, does nothing', async () => {
  await createSource({ kind: 'simulator', options: few }).stop()
  const source = createSource({ kind: 'simulator', options: few })
  await source.start()
  await source.stop()
  // The past was made ready, but nothing has happened.
  expect(source.status().levels).toBe(0)
})

test('a sink that is closed stops the feed', async () => {
  const source = createSource({ kind: 'simulator', options: few })
  await source.start()
  source.connect({ write: () => Promise.resolve(false) })
  while (source.status().records === 0) await sleep(50)
  // What was on its way when the sink closed is counted by now.
  await sleep(2 * limits.sourceStatusMs)
  const { records } = source.status()
  await sleep(2 * limits.sourceStatusMs)
  expect(source.status().records).toBe(records)
  await source.stop()
})

test('wrong options reject the start with their code', async () => {
  const source = createSource({ kind: 'simulator', options: { ...few, assets: ['NOSUCH'] } })
  await expect(source.start()).rejects.toThrow(LmapError)
  await expect(source.start().catch((error) => error.message)).resolves.toContain('started once')
  await source.stop()
})

test('a recording that cannot be read rejects with its code', async () => {
  const source = createSource({ kind: 'replay', options: { path: '/nowhere/at/all', speed: 'max' } })
  source.connect({ write: () => true })
  const failure = await source.start().then(
    () => source.ended.catch((error: unknown) => error),
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ name: 'LmapError', code: 'LMAP_FILE_UNREADABLE' })
  await source.stop()
})

test('an error of the sink ends the source with it', async () => {
  const source = createSource({ kind: 'simulator', options: few })
  await source.start()
  source.connect({
    write() {
      throw new LmapError('LMAP_LIMIT', 'the log is full')
    },
  })
  await expect(source.ended).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
  await source.stop()
})
