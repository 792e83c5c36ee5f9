// Guards what a back-test of a rule reads: every telling of a report once, as it was at its time, however often it was
// written; candles and columns of a stretch; and that nothing in a question can be anything but a value.
import { expect, test } from 'vitest'
import { readAlertRule } from '../../src/model/alert-json.ts'
import { subjectOfReport } from '../../src/model/alert-subject.ts'
import { alertHistoryOf } from '../../src/store/alert-history.ts'
import { createStore } from '../../src/store/store.ts'
import { sweep, wall } from '../alerts/samples.ts'
import { absorptionRow, convergenceRow } from '../model/report-samples.ts'
import { asset, column, minutes, now, startMs } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const absorption = absorptionRow({ asset: asset(1), startMs, atMs: startMs + 9_000 })
const convergence = convergenceRow({ startMs, atMs: startMs + 11_000, usd: 4e6 })

engineSuite('the history of rules', () => {
  test('holds each telling of a report, as rules saw it', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      const told = [
        wall(),
        wall({ atMs: startMs + 60_000, state: 'pulled', usd: 1e5, spoof: 0.4 }),
        wall({ id: 'wall-2', asset: asset(3), usd: 9e6, atMs: startMs + 70_000 }),
        sweep(),
        sweep({ liquidationDriven: true, atMs: startMs + 900 }),
        absorption,
        convergence,
      ]
      // A replay writes the same again.
      for (let time = 0; time < 2; time++) {
        for (const row of told) store.report(row)
        await store.flush()
      }
      const history = alertHistoryOf(store)
      const rule = (fields: object) => readAlertRule({ name: 'n', kind: 'wall', ...fields })
      const all = { assets: [0, 1, 2, 3].map(asset), fromMs: startMs, toMs: startMs + 3_600_000 }
      const read = (fields: object = {}, span: object = {}, most = 10) =>
        history.moments({ rule: rule(fields), ...all, ...span }, most)
      const known = (row: (typeof told)[number]) => {
        const seen = subjectOfReport(row, 0)
        // Only a wall tells its own distance.
        return row.kind === 'wall' ? seen : { ...seen, distanceBp: undefined }
      }
      const [stood, pulled, other, plain, driven] = told.map(known)
      expect(await read()).toEqual([other, stood])
      expect(await read({ states: ['active', 'pulled'] })).toEqual([other, pulled, stood])
      expect(pulled).toMatchObject({ state: 'pulled', usd: 2.5e6, spoof: 0.4 })
      expect(await read({ kind: 'sweep' })).toEqual([plain])
      expect(await read({ kind: 'sweep', states: ['driven'] })).toEqual([driven])
      // Its distance is judged by who knows the price of then: every telling is needed for that.
      expect(await read({ kind: 'sweep', distancePercentMax: 1 })).toEqual([driven, plain])
      expect(await read({ kind: 'absorption' })).toEqual([known(absorption)])
      expect(await read({ kind: 'convergence', scoreMin: 0.48 })).toEqual([known(convergence)])
      expect(await read({ kind: 'convergence', scoreMin: 0.49 })).toEqual([])
      const ids = async (fields: object, span: object = {}, most = 10) =>
        (await read(fields, span, most)).map(({ id }) => id)
      expect(await ids({ usdMin: 3e6 })).toEqual(['wall-2'])
      // What it became counts where it first was so.
      expect((await read({ usdMin: 2.2e6, spoofMax: 1 })).map(({ state }) => state)).toEqual(['active', 'pulled'])
      expect(await ids({ spoofMax: 0.1 })).toEqual([])
      expect(await ids({ sides: ['ask'] })).toEqual([])
      expect(await ids({ venues: ['okx'] })).toEqual([])
      expect(await ids({ venues: ['okx', 'binance'], sides: ['bid'] })).toEqual(['wall-2', 'wall-1'])
      expect(await ids({ distancePercentMax: 0.3 })).toEqual(['wall-2', 'wall-1'])
      expect(await ids({ distancePercentMax: 0.29 })).toEqual([])
      expect(await ids({}, { assets: [asset(0)] })).toEqual(['wall-1'])
      expect(await ids({}, {}, 1)).toEqual(['wall-2'])
      expect(await ids({}, { fromMs: startMs + 60_000, toMs: startMs + 70_000 })).toEqual(['wall-1'])
      expect(await ids({}, { assets: [] })).toEqual([])
    } finally {
      await store.stop()
    }
  })

  test('gives candles and columns of a stretch, none that had no price', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      for (const one of minutes(5)) store.column(one)
      store.column(column({ openMs: startMs + 5 * 60_000, close: 0 }))
      store.column(column({ timeframe: 1 }))
      await store.flush()
      const history = alertHistoryOf(store)
      const { high, low, close } = column()
      expect(await history.candles(asset(0), startMs + 60_000, startMs + 600_000)).toEqual({
        openMs: [1, 2, 3, 4].map((minute) => startMs + minute * 60_000),
        high: [high, high, high, high],
        low: [low, low, low, low],
        close: [close, close, close, close],
      })
      expect(await history.candles(asset(1), startMs, startMs + 600_000)).toMatchObject({ openMs: [], close: [] })
      const five = await history.columns(asset(0), 1, startMs + 300_000, 10)
      expect(five.map(({ openMs }) => openMs)).toEqual([startMs])
      expect(await history.columns(asset(0), 1, startMs + 299_999, 10)).toEqual([])
    } finally {
      await store.stop()
    }
  })
})
