// Guards the reading back of reports: every field of every kind comes back as it was told, the last word of each; pages
// of any filter put together are what a straightforward reading of all rows gives, also while new rows arrive; a page
// looks through a bounded stretch of history; and no parameter is ever part of a statement.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assets } from '../../src/model/assets.ts'
import { limits } from '../../src/model/limits.ts'
import { comparePlaces, matchesReport, type ReportQuery } from '../../src/model/report-query.ts'
import { absorptionStates, convergenceKinds, type Report, wallStates } from '../../src/model/reports.ts'
import { openClient } from '../../src/store/client.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { absorptionRow, convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'
import { asset, now } from './rows.ts'
import { engineSuite, keptLog, seed, temporaryFolder } from './samples.ts'

const DAY_MS = 86_400_000
const all: Omit<ReportQuery, 'kind'> = {
  assets: [asset(0), asset(1), asset(2)],
  fromMs: 0,
  toMs: 4e12,
  side: undefined,
  states: undefined,
  usdMin: 0,
  before: undefined,
  most: 1_000,
}

async function withStore(use: (store: ClickHouseStore) => Promise<void>): Promise<void> {
  const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
  await store.start()
  try {
    await use(store)
  } finally {
    await store.stop()
  }
}

async function write(store: ClickHouseStore, rows: readonly Report[]): Promise<void> {
  for (const row of rows) store.report(row)
  await store.flush()
}

/** All pages of a query, and how many there were. */
async function pages(store: ClickHouseStore, query: ReportQuery, each = async () => {}): Promise<Report[][]> {
  const found: Report[][] = []
  let { before } = query
  do {
    const page = await store.reports({ ...query, before })
    found.push([...page.rows])
    before = page.next
    await each()
  } while (before !== undefined)
  return found
}

const row: fc.Arbitrary<Report> = fc
  .record({
    kind: fc.constantFrom('wall', 'sweep', 'absorption', 'convergence'),
    number: fc.nat(40),
    asset: fc.nat(2).map(asset),
    startMs: fc.oneof(fc.nat(3), fc.nat(3 * DAY_MS)).map((ms) => START_MS + ms),
    standMs: fc.nat(3 * DAY_MS),
    usd: fc.integer({ min: 0, max: 5 }).map((millions) => millions * 1e6),
    isBid: fc.boolean(),
    state: fc.nat(5),
  })
  .map(({ kind, number, standMs, isBid, state, ...fields }) => {
    const basis = {
      ...fields,
      id: `${kind}-${fields.asset}-${fields.startMs}-${number}`,
      atMs: fields.startMs + standMs,
    }
    const side = isBid ? 'bid' : 'ask'
    if (kind === 'wall') return wallRow({ ...basis, side, state: wallStates[state]!, peakUsd: 2 * fields.usd })
    if (kind === 'sweep') return sweepRow({ ...basis, side: isBid ? 'buy' : 'sell' })
    if (kind === 'absorption') return absorptionRow({ ...basis, side, state: absorptionStates[state % 3]! })
    return convergenceRow({ ...basis, side: isBid ? 'support' : 'resistance', state: convergenceKinds[state % 5]! })
  })

engineSuite('reports of the past', () => {
  test('every field of every kind comes back, the last word of each row', () =>
    withStore(async (store) => {
      const told = [
        wallRow({ secondsToEat: undefined, venueUsd: [0, 1.5e6, 0, 0, 0.25] }),
        sweepRow(),
        absorptionRow(),
        convergenceRow({ state: 'chip+' }),
      ]
      await write(store, told)
      for (const row of told) expect((await store.reports({ ...all, kind: row.kind })).rows).toEqual([row])
      const last = wallRow({ state: 'filled', atMs: START_MS + 9_000, secondsToEat: 3, venueUsd: [0, 0, 0, 0, 0] })
      await write(store, [last])
      expect((await store.reports({ ...all, kind: 'wall' })).rows).toEqual([last])
      expect((await store.reports({ ...all, kind: 'wall', states: ['active'] })).rows).toEqual([])
    }))

  test(
    `pages put together are all that a filter lets through (seed ${seed})`,
    () =>
      withStore(async (store) => {
        const rows = fc.sample(row, { seed, numRuns: 600 })
        const byId = new Map<string, Report>()
        for (const one of rows) if ((byId.get(one.id)?.atMs ?? 0) <= one.atMs) byId.set(one.id, one)
        await write(store, rows)
        const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
        const queries = fc.sample(
          fc.record({
            kind: fc.constantFrom('wall', 'sweep', 'absorption', 'convergence'),
            assets: fc.constantFrom([asset(0)], [asset(1), asset(2)], all.assets),
            fromMs: fc.oneof(
              fc.constant(0),
              fc.nat(4 * DAY_MS).map((ms) => START_MS + ms),
            ),
            toMs: fc.oneof(
              fc.constant(4e12),
              fc.nat(4 * DAY_MS).map((ms) => START_MS + ms),
            ),
            side: maybe(fc.constantFrom('bid', 'sell', 'support')),
            states: maybe(fc.constantFrom(['active'], ['filled', 'failed', 'chip'])),
            usdMin: fc.constantFrom(0, 2e6, 4e6),
            most: fc.constantFrom(1, 7, 1_000),
          }),
          { seed, numRuns: 40 },
        )
        for (const query of queries as Omit<ReportQuery, 'before'>[]) {
          const asked: ReportQuery = { ...query, before: undefined }
          const found = await pages(store, asked)
          const states = asked.kind === 'sweep' ? undefined : asked.states
          const expected = [...byId.values()]
            .filter((one) => matchesReport({ ...asked, states }, one))
            // Of the store what stands is heard of when it was told last, and not looked for a day earlier.
            .filter((one) => one.atMs >= asked.fromMs && one.startMs >= asked.fromMs - limits.reportStandMsMax)
            .sort(comparePlaces)
          expect(found.flat().map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
          expect(found.every((page) => page.length <= asked.most)).toBe(true)
        }
      }),
    60_000,
  )

  test('new rows do not move what the next pages hold', () =>
    withStore(async (store) => {
      const row = (index: number) => sweepRow({ id: `sweep-${index}`, startMs: START_MS + index * 1_000 })
      await write(
        store,
        Array.from({ length: 30 }, (_, index) => row(index)),
      )
      let next = 30
      const found = await pages(store, { ...all, kind: 'sweep', most: 7 }, () => write(store, [row(next++)]))
      expect(found.flat().map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, index) => `sweep-${29 - index}`))
    }))

  test('one page looks through a month at most, and an empty one says where to go on', () =>
    withStore(async (store) => {
      const old = sweepRow({ id: 'old', usd: 9e6, startMs: START_MS - 80 * DAY_MS })
      await write(store, [old, sweepRow({ id: 'new', usd: 1e6 })])
      const found = await pages(store, { ...all, kind: 'sweep', usdMin: 5e6 })
      expect(found.map((page) => page.map(({ id }) => id))).toEqual([[], [], ['old']])
    }))

  test('rows of an asset that is not known any more are passed over, whatever is asked for', async () => {
    const path = temporaryFolder()
    const begin = async () => {
      const store = createStore({ client: { path }, log: keptLog(), now })
      await store.start()
      return store
    }
    const earlier = await begin()
    await write(earlier, [sweepRow()])
    await earlier.stop()
    const client = await openClient({ path })
    await client.command(`INSERT INTO sweeps SELECT * REPLACE ('GONE' AS asset, 'gone' AS id) FROM sweeps`)
    await client.close()
    const store = await begin()
    try {
      const every = assets.map(({ id }) => id)
      expect((await store.reports({ ...all, kind: 'sweep', assets: every })).rows).toEqual([sweepRow()])
    } finally {
      await store.stop()
    }
  })

  test('an empty table has nothing and no next page', () =>
    withStore(async (store) => {
      expect(await store.reports({ ...all, kind: 'absorption' })).toEqual({ rows: [], next: undefined })
    }))

  test.each([
    "bid' OR 1 = 1 --",
    "'; DROP TABLE walls; --",
    '\\',
    "\\' OR '1",
    '{id:String}',
    "']) OR 1=1 OR side IN (['",
    '\t\n\0',
  ])('%j in any place of a query finds nothing and harms nothing', (hostile) =>
    withStore(async (store) => {
      await write(store, [wallRow(), sweepRow()])
      const before = { startMs: START_MS, id: hostile }
      expect((await store.reports({ ...all, kind: 'wall', side: hostile })).rows).toEqual([])
      expect((await store.reports({ ...all, kind: 'wall', states: [hostile, hostile] })).rows).toEqual([])
      const { rows } = await store.reports({ ...all, kind: 'wall', before })
      expect(rows.map(({ id }) => id)).toEqual(wallRow().id < hostile ? [wallRow().id] : [])
      expect((await store.reports({ ...all, kind: 'wall' })).rows.length).toBe(1)
    }),
  )
})
