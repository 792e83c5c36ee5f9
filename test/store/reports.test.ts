// Guards the way of reports into the database: every kind has its table and all its fields, a row that is told again
// replaces the one before, and what is not known stays empty.
import { expect, test } from 'vitest'
import { createStore } from '../../src/store/store.ts'
import { absorptionRow, convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'
import { now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const wall = wallRow({
  id: 'wall-1',
  venueUsd: [0, 1.5e6, 0, 0, 0.25],
  // Nobody trades towards it.
  secondsToEat: undefined,
  movedBuckets: -2,
})
const sweep = sweepRow()
const absorption = absorptionRow()
const convergence = convergenceRow({ state: 'chip+' })

engineSuite('reports', () => {
  test('lie in the table of their kind, the last word of each', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      for (const row of [wall, sweep, absorption, convergence]) store.report(row)
      store.report({ ...wall, atMs: START_MS + 9_000, state: 'filled', secondsToEat: 30 })
      store.report({ ...absorption, atMs: START_MS + 40_000, state: 'confirmed' })
      await store.flush()
      const read = (table: string) =>
        store.query<Record<string, unknown>>(`SELECT * EXCEPT writtenAt FROM ${table} FINAL`)
      expect(await read('walls')).toEqual([
        expect.objectContaining({ id: 'wall-1', state: 'filled', venue: 'bybit', secondsToEat: 30, movedBuckets: -2 }),
      ])
      expect((await read('walls'))[0]?.venueUsd).toEqual(wall.venueUsd)
      expect(await read('sweeps')).toEqual([
        expect.objectContaining({ side: 'sell', levels: 12, liquidationDriven: true, clusterCount: 2, usd: 1.5e6 }),
      ])
      expect(await read('absorptions')).toEqual([
        expect.objectContaining({ state: 'confirmed', refills: 4, wall: false, long: true, lean: 0.7 }),
      ])
      expect(await read('convergences')).toEqual([
        expect.objectContaining({ state: 'chip+', venues: ['binance', 'okx'], score: 0.488, absorption: true }),
      ])
      const [times] = await store.query<{ start: number; finish: number }>(
        'SELECT toUnixTimestamp64Milli(start)::Float64 AS start, toUnixTimestamp64Milli(finish)::Float64 AS finish FROM sweeps',
      )
      expect(times).toEqual({ start: START_MS, finish: START_MS + 120 })
    } finally {
      await store.stop()
    }
  })
})
