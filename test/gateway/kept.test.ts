// Guards what is kept of the store's answers: however many ask the same, it is asked once in a while, and again after it has
// failed; and whoever asks for others and others finds a bound of what is kept and of what is read at a time.
import { expect, test } from 'vitest'
import { Kept } from '../../src/gateway/kept.ts'
import { limits } from '../../src/model/limits.ts'
import { startGateway, until } from './rig.ts'

test('an answer is read once for all who ask within a while, and a failure is not kept', async () => {
  let nowMs = 1_000
  let isAway = false
  const asked: string[] = []
  const kept = new Kept({ now: () => nowMs, keepMs: 100, keptMax: 10, readsMax: 10 })
  const get = (key: string) =>
    kept.get(key, async () => {
      asked.push(key)
      if (isAway) throw new Error('away')
      return `${key} at ${nowMs}`
    })
  expect(await Promise.all([get('all'), get('all'), get('btc'), get('btc')])).toEqual([
    ...['all at 1000', 'all at 1000', 'btc at 1000', 'btc at 1000'],
  ])
  nowMs += 99
  expect(await get('all')).toBe('all at 1000')
  expect(asked).toEqual(['all', 'btc'])
  nowMs++
  isAway = true
  const failed = await Promise.allSettled([get('all'), get('all')])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isAway = false
  expect(await get('all')).toBe('all at 1100')
  expect(asked).toEqual(['all', 'btc', 'all', 'all'])
})

test('no more is kept and no more is read at a time than there may be', async () => {
  const asked: string[] = []
  const gates = new Map<string, () => void>()
  const kept = new Kept({ now: () => 0, keepMs: 100, keptMax: 2, readsMax: 2 })
  const get = (key: string) =>
    kept.get(key, async () => {
      asked.push(key)
      await new Promise<void>((resolve) => gates.set(key, resolve))
    })
  const first = get('a')
  const second = get('b')
  await expect(get('c')).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
  // Who asks what is being read already adds nothing.
  const same = get('a')
  for (const open of gates.values()) open()
  await Promise.all([first, second, same])
  const third = get('c')
  gates.get('c')!()
  await third
  await get('b')
  const again = get('a')
  gates.get('a')!()
  await again
  expect(asked).toEqual(['a', 'b', 'c', 'a'])
})

test('score, lift and extent ask the store once for all, and a flood of different questions is answered with a code', async () => {
  const asked: string[] = []
  const slow = Promise.withResolvers<void>()
  const rig = await startGateway({
    limits: { readingsMax: 4 },
    readings: {
      liquidity: async () => undefined,
      model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
      scores: async (asset, most) => {
        asked.push(`score ${asset} ${most}`)
        if (most < limits.scoreHours) await slow.promise
        return []
      },
      lift: async (asset) => {
        asked.push(`lift ${asset}`)
        return []
      },
      extent: async (asset, timeframe) => {
        asked.push(`extent ${asset} ${timeframe}`)
        return { firstMs: 1, endMs: 2 }
      },
      at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
      ask: undefined,
    },
  })
  try {
    const status = async (path: string) => (await fetch(`${rig.http}/api/v1/${path}`)).status
    for (const path of ['score?asset=BTC', 'history?asset=ETH&timeframe=5m', 'reports/lift?asset=BTC']) {
      expect(new Set(await Promise.all(Array.from({ length: 10 }, () => status(path))))).toEqual(new Set([200]))
    }
    expect(asked.splice(0)).toEqual(['score 0 168', 'extent 1 1', 'lift 0'])
    const answers: number[] = []
    const flood = Array.from({ length: 12 }, async (_, index) => {
      answers.push(await status(`score?asset=BTC&hours=${index + 1}`))
    })
    await until('the refusals', () => answers.length === 8)
    expect(new Set(answers)).toEqual(new Set([503]))
    slow.resolve()
    await Promise.all(flood)
    expect(answers.slice(8)).toEqual([200, 200, 200, 200])
  } finally {
    slow.resolve()
    await rig.gateway.stop()
  }
})
