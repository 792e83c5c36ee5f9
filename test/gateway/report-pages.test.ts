// Guards the merging of stored and told reports by itself: whatever was stored late, told again or not stored at all, all
// pages together are the last words that the filter lets through, in order, each once, and never more than asked for.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergePages } from '../../src/gateway/report-pages.ts'
import {
  comparePlaces,
  matchesReport,
  placeOf,
  type ReportPage,
  type ReportPlace,
  type ReportQuery,
} from '../../src/model/report-query.ts'
import { isStanding, wallStates } from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'
import { START_MS, wallRow } from '../model/report-samples.ts'
import { seed } from '../wire/seed.ts'

type Wall = ReturnType<typeof wallRow>

/** One wall in a few words: when it began, and what was said of it at which time. */
const wall = fc
  .record({
    number: fc.nat(99),
    start: fc.nat(12),
    words: fc.array(fc.record({ after: fc.nat(9), state: fc.constantFrom(...wallStates), usd: fc.nat(4) }), {
      minLength: 1,
      maxLength: 4,
    }),
    /** How many of the words were stored, and told to us: always the newest. */
    stored: fc.nat(4),
    told: fc.nat(4),
  })
  .map(({ number, start, words, stored, told }) => {
    const startMs = START_MS + start
    const told_ = words
      .toSorted((a, b) => a.after - b.after)
      .map(({ after, state, usd }, index) =>
        wallRow({
          id: `wall-${startMs}-${number}`,
          startMs,
          atMs: startMs + after * 10 + index,
          state,
          usd: usd * 1e6,
          peakUsd: usd * 2e6,
        }),
      )
    return { words: told_, stored: Math.min(stored, words.length), told: Math.min(told, words.length) }
  })

const question = fc.record({
  fromMs: fc.oneof(
    fc.constant(0),
    fc.nat(100).map((ms) => START_MS + ms),
  ),
  toMs: fc.oneof(
    fc.constant(9e15),
    fc.nat(13).map((ms) => START_MS + ms),
  ),
  states: fc.option(fc.constantFrom(['active'], ['filled', 'pulled']), { nil: undefined }),
  usdMin: fc.constantFrom(0, 2e6, 5e6),
  most: fc.integer({ min: 1, max: 5 }),
})

/** As the store answers: by the words that it has, what stands is heard of when it was told. */
function pageOf(rows: readonly Wall[], query: ReportQuery): ReportPage {
  const found = rows.filter((row) => matchesReport(query, row) && row.atMs >= query.fromMs).sort(comparePlaces)
  const page = found.slice(0, query.most)
  return { rows: page, next: found.length > query.most ? placeOf(page.at(-1)!) : undefined }
}

test(`pages are the last words, each once (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(wall, { maxLength: 30, selector: ({ words }) => words[0]!.id }),
      question,
      (walls, asked) => {
        // A word that nobody told us is in the store, or nobody could know of it.
        const known = walls.filter(({ stored, told }) => stored > 0 || told > 0)
        const stored = known.flatMap(({ words, stored: count }) => words.slice(0, count).slice(-1))
        const told = known.flatMap(({ words, told: count }) => (count > 0 ? words.slice(-1) : []))
        const query: ReportQuery = {
          kind: 'wall',
          assets: [0 as AssetId],
          side: undefined,
          before: undefined,
          ...asked,
        }
        const found: Wall[] = []
        let before: ReportPlace | undefined
        let pages = 0
        do {
          const next = { ...query, before }
          const page = mergePages(next, pageOf(stored, next), told)
          expect(page.rows.length).toBeLessThanOrEqual(query.most)
          found.push(...(page.rows as Wall[]))
          before = page.next
          expect(++pages).toBeLessThan(100)
        } while (before !== undefined)
        const newest = new Map<string, Wall>()
        for (const row of [...stored, ...told]) if ((newest.get(row.id)?.atMs ?? 0) <= row.atMs) newest.set(row.id, row)
        const toldIds = new Set(told.map(({ id }) => id))
        const expected = [...newest.values()]
          .filter((row) => matchesReport(query, row))
          .filter((row) => toldIds.has(row.id) || !isStanding(row) || row.atMs >= query.fromMs)
          .sort(comparePlaces)
        expect(found).toEqual(expected)
      },
    ),
    { seed, numRuns: 2_000 },
  )
})
