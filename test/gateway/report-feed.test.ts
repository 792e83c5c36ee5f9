// Guards the way of reports to subscribers by itself: rows of a turn leave as one text for each set of kinds that
// somebody wants, newcomers get what stands and what was last over, bounds hold, and what nobody could have heard is said.
import { expect, test } from 'vitest'
import type { Message } from '../../src/gateway/channel.ts'
import { ReportFeed, type ReportFeedOptions } from '../../src/gateway/report-feed.ts'
import { ALL_KINDS, maskOfKinds, reportTopic, WHOLE } from '../../src/gateway/report-topic.ts'
import { limits } from '../../src/model/limits.ts'
import type { Report } from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { absorptionRow, convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'
import { keptLog } from '../store/samples.ts'
import { until } from './rig.ts'

const BTC = reportTopic(0, ALL_KINDS)
const WALLS = reportTopic(0, maskOfKinds(['wall']))

interface Sent {
  topic: string
  sequence: number
  text: {
    op: string
    asset: string
    sequence: number
    clockMs: number
    standing?: boolean
    kinds?: string[]
    sinceMs?: number
    rows: { id: string; kind: string; state?: string; atMs: number }[]
  }
}

function start(overrides: Partial<ReportFeedOptions> = {}) {
  const messages: Sent[] = []
  const openings: Sent[] = []
  const keep =
    (list: Sent[]) =>
    ({ topic, sequence, isBinary, bytes }: Message): void => {
      expect(isBinary).toBe(false)
      list.push({ topic, sequence, text: JSON.parse(Buffer.from(bytes).toString()) })
    }
  const log = keptLog()
  const feed = new ReportFeed({
    limits,
    log,
    metrics: createMetrics({ process: false }),
    now: () => START_MS,
    history: undefined,
    broadcast: { message: keep(messages), opening: keep(openings), renew: () => undefined },
    ...overrides,
  })
  const { acquire, release, want } = feed.supply
  const ids = (list: Sent[]) => list.at(-1)?.text.rows.map(({ id }) => id)
  return { feed, acquire, release, want, messages, openings, log, ids }
}

const walls = (count: number, change: (index: number) => Partial<Report>): Report[] =>
  Array.from({ length: count }, (_, index) => wallRow({ id: `wall-${index}`, ...(change(index) as object) }))

test('rows of a turn are one message for each set of kinds, the last word of each', () => {
  const { feed, acquire, messages } = start()
  acquire(BTC)
  acquire(WALLS)
  feed.tell(wallRow())
  feed.tell(wallRow({ atMs: START_MS + 6_000, state: 'filled' }))
  feed.tell(sweepRow())
  feed.flush()
  feed.flush()
  expect(messages.map(({ topic }) => topic)).toEqual(['reports/0/15', 'reports/0/1'])
  expect(messages[0]!.text).toMatchObject({ op: 'reports', asset: 'BTC', sequence: 1, clockMs: START_MS + 6_000 })
  expect(messages[0]!.text.rows).toMatchObject([{ state: 'filled', atMs: START_MS + 6_000 }, { kind: 'sweep' }])
  expect(messages[1]!.text.rows).toMatchObject([{ kind: 'wall', state: 'filled' }])
  feed.tell(absorptionRow())
  feed.flush()
  expect(messages.slice(2).map(({ topic, sequence }) => [topic, sequence])).toEqual([['reports/0/15', 2]])
})

test('what nobody wants is not sent, nor what nobody wants any more', () => {
  const { feed, acquire, release, messages } = start()
  feed.tell(wallRow())
  feed.flush()
  acquire(BTC)
  feed.tell(sweepRow())
  feed.flush()
  release(BTC)
  feed.tell(absorptionRow())
  feed.flush()
  expect(messages.map(({ text }) => text.rows[0]!.kind)).toEqual(['sweep'])
})

test('newcomers get what stands and what was last over, with the sequence that goes on from there', () => {
  const { feed, acquire, want, openings, messages } = start()
  acquire(BTC)
  for (const row of [wallRow(), sweepRow(), absorptionRow(), convergenceRow()]) feed.tell(row)
  feed.flush()
  want(BTC, WHOLE)
  const [opening] = openings
  expect(opening).toMatchObject({ topic: 'reports/0/15', sequence: 1 })
  expect(opening!.text).toMatchObject({
    standing: true,
    kinds: ['wall', 'sweep', 'absorption', 'convergence'],
    sequence: 1,
    sinceMs: START_MS + 5_000,
  })
  expect(opening!.text.rows.map(({ kind }) => kind)).toEqual(['wall', 'sweep', 'absorption', 'convergence'])
  feed.tell(wallRow({ atMs: START_MS + 9_000, state: 'pulled' }))
  want(BTC, WHOLE)
  // What was told since the last flush belongs to the next message, not to this opening.
  expect(openings[1]!.text.rows[0]!.state).toBe('active')
  feed.flush()
  expect(messages.at(-1)).toMatchObject({ sequence: 2, text: { rows: [{ state: 'pulled' }] } })
})

test('who has heard nothing for a while gets a sign of life, each topic by itself', () => {
  let nowMs = START_MS
  const { feed, acquire, messages } = start({ now: () => nowMs })
  acquire(BTC)
  acquire(WALLS)
  nowMs += limits.reportPulseMs - 1
  feed.sweep()
  expect(messages).toEqual([])
  feed.tell(sweepRow())
  feed.flush()
  feed.clock(0 as AssetId, START_MS + 60_000)
  nowMs++
  feed.sweep()
  feed.sweep()
  expect(messages.slice(1)).toMatchObject([
    { topic: WALLS, sequence: 1, text: { clockMs: START_MS + 60_000, rows: [] } },
  ])
})

test('an old word does not replace a newer one', () => {
  const { feed, acquire, want, openings, messages } = start()
  acquire(WALLS)
  feed.tell(wallRow({ atMs: START_MS + 9_000, state: 'filled' }))
  feed.flush()
  feed.tell(wallRow({ atMs: START_MS + 8_000, state: 'active' }))
  feed.flush()
  want(WALLS, WHOLE)
  expect(messages.length).toBe(1)
  expect(openings[0]!.text.rows).toMatchObject([{ state: 'filled' }])
})

test('of what is over the newest are kept, of what stands as many as the limit says', () => {
  const { feed, acquire, want, openings } = start()
  acquire(WALLS)
  const ended = walls(30, (index) => ({ startMs: START_MS + index, atMs: START_MS + index, state: 'faded' }))
  const active = walls(70, (index) => ({
    id: `active-${index}`,
    startMs: START_MS + 1_000 + index,
    atMs: START_MS + 1_000 + index,
  }))
  for (const row of [...ended, ...active]) feed.tell(row)
  feed.flush()
  want(WALLS, WHOLE)
  const { rows, sinceMs } = openings[0]!.text
  expect(rows.length).toBe(limits.reportsStandingMax + limits.reportsOverMax)
  expect(rows[0]!.id).toBe('active-69')
  expect(rows.at(-1)!.id).toBe('wall-10')
  // Up to here something is missing: active-5 was the last that went.
  expect(sinceMs).toBe(START_MS + 1_005)
})

test('a wall that is not told again is given up', () => {
  const { feed, acquire, want, openings } = start()
  acquire(WALLS)
  feed.tell(wallRow())
  feed.flush()
  feed.clock(0 as AssetId, START_MS + 5_000 + 180_001)
  want(WALLS, WHOLE)
  expect(openings[0]!.text.rows).toEqual([])
})

test('newcomers wait for the history, once; of it what is over counts, and what stands if it was told of lately', async () => {
  const history = Promise.withResolvers<Report[]>()
  let asked = 0
  const { feed, acquire, want, openings, ids } = start({
    history: () => {
      asked++
      return history.promise
    },
  })
  acquire(BTC)
  acquire(WALLS)
  want(BTC, WHOLE)
  want(WALLS, WHOLE)
  feed.tell(wallRow({ id: 'heard', startMs: START_MS + 1, state: 'filled' }))
  feed.flush()
  expect(openings).toEqual([])
  const past = walls(30, (index) => ({ startMs: START_MS - index, atMs: START_MS - index, state: 'faded' }))
  const stale = wallRow({ id: 'stale', startMs: START_MS - 500_000, atMs: START_MS - 180_000 })
  const stands = wallRow({ id: 'stands', startMs: START_MS - 500_000, atMs: START_MS - 170_000 })
  history.resolve([stale, stands, wallRow({ id: 'heard', atMs: START_MS - 1 }), ...past])
  await until('the openings', () => openings.length === 2)
  expect(asked).toBe(1)
  expect(openings[0]!.text.rows.length).toBe(limits.reportsOverMax + 1)
  expect(ids(openings)!.slice(0, 3)).toEqual(['heard', 'wall-0', 'wall-1'])
  expect(ids(openings)!.at(-1)).toBe('stands')
  expect(openings[1]!.text.rows[0]).toMatchObject({ id: 'heard', state: 'filled' })
})

test('without its history a newcomer begins with what stands, and one that comes later causes another try', async () => {
  let tries = 0
  let nowMs = START_MS
  const { feed, acquire, want, openings, log } = start({
    now: () => nowMs,
    history: async () => {
      tries++
      throw new Error('the store is away')
    },
  })
  feed.tell(wallRow())
  feed.flush()
  acquire(BTC)
  want(BTC, WHOLE)
  await until('the opening', () => openings.length === 1)
  expect(openings[0]!.text.rows.length).toBe(1)
  expect(log.lines.join()).toContain('reports of the past not read')
  nowMs += limits.historyRetryMs - 1
  await feed.ready(0 as AssetId)
  expect(tries).toBe(1)
  nowMs++
  acquire(WALLS)
  await until('another try', () => tries === 2)
})

test('a store that hangs is waited for once, whatever the number of assets that somebody asks for', async () => {
  let tries = 0
  const { feed, acquire, want, openings } = start({
    limits: { ...limits, historyMsMax: 10 },
    history: () => {
      tries++
      return new Promise(() => undefined)
    },
  })
  const topics = [0, 1, 2, 3].map((asset) => reportTopic(asset, ALL_KINDS))
  for (const topic of topics) {
    acquire(topic)
    want(topic, WHOLE)
  }
  await until('the openings', () => openings.length === topics.length)
  await feed.ready(4 as AssetId)
  expect(tries).toBe(1)
})

test('a history that takes too long is not waited for', async () => {
  const { acquire, want, openings } = start({
    limits: { ...limits, historyMsMax: 10 },
    history: () => new Promise(() => undefined),
  })
  acquire(BTC)
  want(BTC, WHOLE)
  await until('the opening', () => openings.length === 1)
})
