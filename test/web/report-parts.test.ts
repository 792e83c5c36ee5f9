// Guards what the page does with reports before it draws them: filters, orders and places that rows lead to, what was known
// at a time and what came later, and answers of a server that somebody else wrote.
import { expect, test } from 'vitest'
import { type ReportFacts, reportFacts, type WallFact } from '../../src/model/report-facts.ts'
import { chipText } from '../../src/web/chip-labels.ts'
import { reportColumns, rowSentence } from '../../src/web/report-columns.ts'
import { placeOf } from '../../src/web/report-desk.ts'
import { filterDefault, inOrder, isOpen, isWanted } from '../../src/web/report-filter.ts'
import { ReportList } from '../../src/web/report-list.ts'
import { readRead } from '../../src/web/report-read.ts'
import { knownAt } from '../../src/web/report-then.ts'
import { wallAlpha } from '../../src/web/wall-lines.ts'
import { absorptionRow, convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'

const rows: ReportFacts[] = [
  wallRow({ id: 'a', usd: 3e6 }),
  wallRow({ id: 'b', state: 'pulled', usd: 0, peakUsd: 2e6, startMs: START_MS - 60_000, atMs: START_MS }),
  sweepRow({ id: 'c' }),
  absorptionRow({ id: 'd', state: 'failed' }),
  convergenceRow({ id: 'e', state: 'chip' }),
].map(reportFacts)
const facts = { nowMs: START_MS + 120_000, decimalsOf: () => 1 }

test('filters leave out what they say', () => {
  const ids = (change: object) =>
    rows.filter((row) => isWanted(row, { ...filterDefault, ...change })).map(({ id }) => id)
  expect(ids({})).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(ids({ state: 'open' })).toEqual(['a', 'e'])
  expect(ids({ state: 'pulled' })).toEqual(['b'])
  expect(ids({ side: 'sell' })).toEqual(['c'])
  // A wall that is over is worth what it was at its peak.
  expect(ids({ minUsd: 1.9e6 })).toContain('b')
})

test('orders put what says nothing to the end, and equal ones by time', () => {
  const walls = [5, undefined, 5, 1].map((secondsToEat, i) =>
    reportFacts(wallRow({ id: `w${i}`, secondsToEat, startMs: START_MS + i })),
  ) as WallFact[]
  const byEating = (isDescending: boolean) =>
    inOrder(walls, ({ secondsToEat }) => secondsToEat ?? undefined, isDescending).map(({ id }) => id)
  expect(byEating(true)).toEqual(['w2', 'w0', 'w3', 'w1'])
  expect(byEating(false)).toEqual(['w3', 'w2', 'w0', 'w1'])
})

test('at a time, what came later is taken back and told as later', () => {
  const known = knownAt(rows, START_MS - 30_000)
  expect(known.map(({ row, later }) => [row.id, row.kind !== 'sweep' && row.state, later?.state])).toEqual([
    ['b', 'active', 'pulled'],
  ])
  expect(knownAt(rows, START_MS + 60_000).every(({ later }) => later === undefined)).toBe(true)
  expect(isOpen(known[0]!.row)).toBe(true)
})

test('a row leads to its level, live where more comes of it, else to the end of the minute in which it began', () => {
  const nowMs = START_MS + 600_000
  const placeFor = (id: string) => placeOf({ row: rows.find((row) => row.id === id)!, later: undefined }, nowMs)
  expect(placeFor('a')).toEqual({ asset: 'BTC', level: 64_190, atMs: undefined })
  const pulled = placeFor('b')
  expect(pulled.atMs! % 60_000).toBe(0)
  expect(pulled.atMs! - (START_MS - 60_000)).toBeGreaterThan(0)
  expect(pulled.atMs! - (START_MS - 60_000)).toBeLessThanOrEqual(60_000)
  // What has just happened is on the live map.
  expect(placeOf({ row: rows[2]!, later: undefined }, START_MS + 1000).atMs).toBeUndefined()
})

test('a wall is seen by what speaks against a spoof', () => {
  const alphas = [0, 0.2, 0.5, 1].map((spoof) => wallAlpha({ spoof, state: 'active' }))
  expect(alphas).toEqual([...alphas].sort((a, b) => b - a))
  expect(alphas[0]).toBe(1)
  expect(alphas.at(-1)).toBeGreaterThan(0.15)
  expect(wallAlpha({ spoof: 0, state: 'pulled' })).toBeLessThan(alphas[0]!)
})

test('cells and sentences say what a row says', () => {
  const cells = (row: ReportFacts) =>
    reportColumns(row.kind, false).map(({ cell }) => cell({ row, later: undefined }, facts).text)
  expect(cells(rows[0]!)).toEqual(['64,190.0', 'bid', '$3.00M', 'BYB', '20 %', '2 min', 'active'])
  expect(cells(rows[2]!)).toEqual(['64,190.0', 'sell', '$1.50M', 'BIN', '3.5', 'liq ×2', '2 min'])
  expect(rowSentence({ row: rows[0]!, later: { state: 'filled', atMs: 0 } }, facts)).toBe(
    'BTC 64,190.0: bid wall, active, later filled, $3.00M, 2 min ago',
  )
  expect(chipText(reportFacts(convergenceRow({ state: 'chip+', liquidations: true })) as never)).toMatch(
    /^[▲▼] chip\+ [WSAL]+ 0\.\d\d$/,
  )
})

test('a read is read or refused', () => {
  const magnet = { peak: 63_150, usd: 8e6, distance: -0.017 }
  const read = readRead({ label: 'balanced', reasons: ['a', 'b'], magnets: { above: null, below: magnet } })
  expect(read).toEqual({
    label: 'balanced',
    reasons: ['a', 'b'],
    above: undefined,
    below: { usd: 8e6, distance: -0.017, price: 63_150 },
  })
  for (const bad of [null, 5, {}, { label: 5, reasons: [] }, { label: 'x', reasons: [5] }]) {
    expect(() => readRead(bad)).toThrow(/cannot be read/)
  }
})

test('a newer subject of a list ends what an older one reads', async () => {
  const asked: { asset: string | undefined; signal: AbortSignal; answer: (ids: string[], next?: string) => void }[] = []
  const list = new ReportList(
    ({ asset }, signal) =>
      new Promise((resolve) => {
        const answer = (ids: string[], next?: string) =>
          resolve({ rows: ids.map((id) => reportFacts(wallRow({ id }))), next })
        asked.push({ asset, signal, answer })
      }),
    () => undefined,
  )
  const subject = { kind: 'wall', atMs: undefined, filter: filterDefault } as const
  list.show({ ...subject, asset: 'BTC' })
  list.show({ ...subject, asset: 'ETH' })
  list.show({ ...subject, asset: 'ETH' })
  expect(asked.map(({ asset, signal }) => [asset, signal.aborted])).toEqual([
    ['BTC', true],
    ['ETH', false],
  ])
  asked[0]!.answer(['old'])
  asked[1]!.answer(['one', 'two'], 'further')
  await expect.poll(() => list.hasRead).toBe(true)
  expect([...list.rows.keys()]).toEqual(['one', 'two'])
  list.more()
  list.more()
  expect(asked.length).toBe(3)
  asked[2]!.answer(['three'])
  await expect.poll(() => list.isReading).toBe(false)
  expect([[...list.rows.keys()], list.hasMore]).toEqual([['one', 'two', 'three'], false])
})
