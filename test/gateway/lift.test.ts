// Guards what is told of lift over HTTP: numbers, interval and words of one asset or of all together, and plain words where
// nothing was counted or nobody counts.
import { afterEach, expect, test } from 'vitest'
import { type LiftCount, type LiftSide, liftKinds } from '../../src/model/lift.ts'
import { type Rig, startGateway } from './rig.ts'

const PATH = '/api/v1/reports/lift'
let rig: Rig | undefined
afterEach(async () => {
  await rig?.gateway.stop()
  rig = undefined
})

const walls = (side: LiftSide, held: number, controlsHeld: number): LiftCount => ({
  kind: 'wall',
  side,
  reports: { n: 100, held, broken: 100 - held },
  controls: { n: 100, held: controlsHeld, broken: 90 - controlsHeld },
})

/** A gateway in front of these counts; which assets were asked for. */
async function start(counts: readonly LiftCount[] | undefined): Promise<(number | undefined)[]> {
  const asked: (number | undefined)[] = []
  const sources = {
    liquidity: async () => undefined,
    model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
    scores: async () => [],
    at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
    ask: undefined,
  }
  const lift = async (asset?: number) => {
    asked.push(asset)
    return counts ?? []
  }
  rig = await startGateway({ readings: counts === undefined ? sources : { ...sources, lift } })
  return asked
}

async function lifts(query = ''): Promise<{ asset: string | null; lifts: Record<string, unknown>[] }> {
  return (await fetch(rig!.http + PATH + query)).json() as Promise<{
    asset: string | null
    lifts: Record<string, unknown>[]
  }>
}

test('every kind and side, of one asset or of all', async () => {
  const asked = await start([walls('support', 70, 40), walls('resistance', 41, 40)])
  const all = await lifts()
  expect(all.asset).toBeNull()
  expect(all.lifts).toHaveLength(3 * liftKinds.length)
  const of = (side: string) => all.lifts.find((lift) => lift.kind === 'wall' && lift.side === side)
  expect(of('support')).toMatchObject({
    n: 100,
    held: 70,
    broken: 30,
    controls: { n: 100, held: 40, broken: 50 },
    heldRate: 0.7,
    controlRate: 0.4,
    worth: expect.closeTo(0.3, 12),
    isConvincing: true,
    words: 'high conviction: held more often than controls (+16 to +42 points)',
  })
  expect(of('resistance')).toMatchObject({ isConvincing: false, words: 'unproven: 41 of 100 held, controls 40 %' })
  expect(of('both')).toMatchObject({ n: 200, held: 111 })
  expect(all.lifts.at(-1)).toMatchObject({ kind: 'chip', n: 0, heldRate: null, interval: null, worth: 0.2 })
  expect((await lifts('?asset=eth')).asset).toBe('ETH')
  expect(asked).toEqual([undefined, 1])
})

test('nothing is claimed where nobody counts', async () => {
  await start(undefined)
  expect((await lifts('?asset=BTC')).lifts.every((lift) => lift.words === 'no lift measured')).toBe(true)
})

test('what is no asset, or no parameter, is refused', async () => {
  await start([])
  for (const query of [
    '?asset=NOPE',
    '?asset=',
    '?asset=BTC%27%20OR%201',
    '?side=support',
    '?asset=BTC&timeframe=1m',
  ]) {
    expect((await fetch(rig!.http + PATH + query)).status, query).toBe(400)
  }
})
