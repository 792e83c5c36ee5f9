// Guards the way of a scored hour into the database and back: every field, an error that is not known yet, hours that are
// told twice, and only the newest of one asset.
import { expect, test } from 'vitest'
import { modelStates } from '../../src/model/model-states.ts'
import type { ScoreRow } from '../../src/model/stages.ts'
import { createStore } from '../../src/store/store.ts'
import { asset, now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 3, 1)

function scored(hour: number, of = asset(0)): ScoreRow {
  return {
    asset: of,
    hourMs: START_MS + hour * HOUR_MS,
    model: 4_000_000_000 + hour,
    state: hour % modelStates.length,
    bits: [0.25 * hour, -0.5],
    mean: 0.125,
    error: hour < 5 ? Number.POSITIVE_INFINITY : 0.03,
    hours: 200 + hour,
    predicted: [1e6 + hour, 2.5],
    realised: [0, 12_345.75],
  }
}

engineSuite('scores', () => {
  test('come back as they were, the newest ones, oldest first', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      const hours = Array.from({ length: 12 }, (_, hour) => scored(hour))
      for (const row of [...hours, ...hours.slice(3), scored(99, asset(1))]) store.score(row)
      await store.flush()
      expect(await store.scores(asset(0), 100)).toEqual(hours)
      expect(await store.scores(asset(0), 4)).toEqual(hours.slice(-4))
      expect(await store.scores(asset(2), 4)).toEqual([])
    } finally {
      await store.stop()
    }
  })
})
