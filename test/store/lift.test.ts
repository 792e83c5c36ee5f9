// Guards the way of trials into the database: all their fields, the newest counts of each asset, kind and side, days that
// add up, and that a replay of the same trials adds nothing.
import { expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import type { LiftRow } from '../../src/model/lift.ts'
import { createStore } from '../../src/store/store.ts'
import { now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const START_MS = Date.UTC(2026, 3, 1, 23, 40)
const MINUTE_MS = 60_000
const btc = assetByName('BTC')!.id
const eth = assetByName('ETH')!.id
const none = { n: 0, held: 0, broken: 0 }

const first: LiftRow = {
  asset: btc,
  kind: 'wall',
  side: 'support',
  control: undefined,
  bucket: 3_000,
  price: 77_025,
  startMs: START_MS,
  touchMs: START_MS + 1_250,
  atMs: START_MS + 90_500,
  outcome: 'held',
  distanceUsd: -4.5,
  atrUsd: 31.25,
  reports: none,
  controls: none,
}
const later = (changes: Partial<LiftRow>, minutes: number): LiftRow => ({
  ...first,
  startMs: START_MS + minutes * MINUTE_MS,
  touchMs: START_MS + minutes * MINUTE_MS,
  atMs: START_MS + (minutes + 1) * MINUTE_MS,
  ...changes,
})
const control = { startMs: START_MS, outcome: 'held' } as const
const pair = { reports: { n: 1, held: 1, broken: 0 }, controls: { ...none, n: 1 } }
const trials: LiftRow[] = [
  first,
  later({ outcome: 'broken' }, 10),
  later({ control, outcome: 'neither', ...pair }, 40),
  later({ asset: eth, kind: 'chip', side: 'resistance' }, 50),
]

engineSuite('lift', () => {
  test('trials and counts are what was told, however often', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      expect(await store.lift()).toEqual([])
      for (const trial of [...trials, ...trials.toReversed()]) store.liftTrial(trial)
      await store.flush()
      const wall = { kind: 'wall', side: 'support', ...pair }
      const chip = { kind: 'chip', side: 'resistance', reports: none, controls: none }
      expect(await store.lift()).toEqual([
        { asset: btc, ...wall },
        { asset: eth, ...chip },
      ])
      expect(await store.lift(eth)).toEqual([{ asset: eth, ...chip }])
      expect(await store.lift(assetByName('SOL')!.id)).toEqual([])
      const rows = await store.query<Record<string, unknown>>(
        `SELECT * EXCEPT (writtenAt, start, touch, at, reportStart), toFloat64(toUnixTimestamp64Milli(touch)) AS touchMs
          FROM lift_trials FINAL ORDER BY start`,
      )
      expect(rows).toHaveLength(4)
      expect(rows[0]).toMatchObject({
        asset: 'BTC',
        outcome: 'held',
        control: false,
        reportOutcome: '',
        price: 77_025,
        distanceUsd: -4.5,
        atrUsd: 31.25,
        touchMs: START_MS + 1_250,
      })
      expect(await store.query(`SELECT * EXCEPT day FROM lift WHERE asset = 'BTC' ORDER BY day`)).toEqual([
        { asset: 'BTC', kind: 'wall', side: 'support', n: 1, held: 1, broken: 0, controlsHeld: 0, controlsBroken: 0 },
      ])
    } finally {
      await store.stop()
    }
  })
})
