// Guards what is said of live venues: a change once and with its reason, nothing of what is over at the next look.
import { expect, test } from 'vitest'
import type { VenueFeedStatus } from '../../../src/model/stages.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createVenueReport } from '../../../src/venues/live/venue-report.ts'

const live: VenueFeedStatus = {
  venue: 'bybit',
  state: 'live',
  reason: undefined,
  sockets: 3,
  socketsLive: 3,
  books: 60,
  booksLive: 60,
  frames: 1_000,
  rejected: 0,
  gaps: 2,
  offGrid: 0,
  resyncs: 2,
  reconnects: 1,
}
const down: VenueFeedStatus = { ...live, state: 'down', socketsLive: 0, booksLive: 0, reason: 'the name is unknown' }

test('a venue that comes, flickers, goes and comes back', async () => {
  const lines: string[] = []
  const stream = { write: (line: string) => lines.push(line) }
  const metrics = createMetrics({ process: false })
  const report = createVenueReport(createLog({ level: 'info', pretty: false, stream }), metrics)
  const look = (status: VenueFeedStatus): string[] => {
    lines.length = 0
    report([status])
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  }
  expect(look(live)).toEqual([])
  expect(look(live)).toEqual(['Bybit is live: 60 of 60 books'])
  expect(look(down)).toEqual([])
  expect(look(live)).toEqual([])
  expect(look(down)).toEqual([])
  expect(look(down)).toEqual(['Bybit is down: the name is unknown; trying on'])
  expect(look(down)).toEqual([])
  expect(await metrics.text()).toContain('lmap_venue_state{venue="bybit"} 0')
  const partial: VenueFeedStatus = { ...live, state: 'partial', socketsLive: 2, reason: 'a ping was not answered' }
  look(partial)
  expect(look(partial)).toEqual(['Bybit is live in part (2 of 3 sockets): a ping was not answered; trying on'])
  look(live)
  expect(look(live)).toEqual(['Bybit is live: 60 of 60 books'])
  expect(await metrics.text()).toContain('lmap_venue_books_live{venue="bybit"} 60')
})
