import type { ErrorCode } from '../../model/errors.ts'
import type { VenueFeedStatus } from '../../model/stages.ts'
import { venueId, venues } from '../../model/venues.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'

const LEVELS = { down: 0, partial: 1, live: 2 } as const

/** Says when a venue's state changes, once it has been so for two looks: a socket that is back at once is no news. */
export function createVenueReport(log: Log, metrics: Metrics): (states: readonly VenueFeedStatus[]) => void {
  const said = new Map<string, string>()
  const seen = new Map<string, string>()
  const gauge = (name: string, help: string) => metrics.gaugeBy(`venue_${name}`, help, 'venue')
  const gauges = {
    state: gauge('state', 'State of a venue: 0 down, 1 partial, 2 live.'),
    books: gauge('books_live', 'Books of a venue that follow it.'),
    gaps: gauge('gaps', 'Breaks of a venue sequence that were noticed.'),
    rejected: gauge('rejected', 'Frames of a venue that were refused.'),
    resyncs: gauge('resyncs', 'Snapshots and new subscriptions asked for to bring a book back.'),
    reconnects: gauge('reconnects', 'Sockets of a venue that broke or could not be opened.'),
  }
  return (states) => {
    for (const status of states) {
      const { venue, state } = status
      gauges.state(venue).set(LEVELS[state])
      gauges.books(venue).set(status.booksLive)
      gauges.gaps(venue).set(status.gaps)
      gauges.rejected(venue).set(status.rejected)
      gauges.resyncs(venue).set(status.resyncs)
      gauges.reconnects(venue).set(status.reconnects)
      const isLasting = seen.get(venue) === state
      seen.set(venue, state)
      if (!isLasting || said.get(venue) === state) continue
      said.set(venue, state)
      tell(log, status)
    }
  }
}

function tell(log: Log, { venue, state, reason, sockets, socketsLive, books, booksLive }: VenueFeedStatus): void {
  const { label } = venues[venueId(venue)]!
  const fields = { venue, sockets, socketsLive, books, booksLive }
  if (state === 'live') {
    log.info(fields, `${label} is live: ${booksLive} of ${books} books`)
    return
  }
  const code: ErrorCode = 'LMAP_VENUE_UNREACHABLE'
  const what = state === 'down' ? 'is down' : `is live in part (${socketsLive} of ${sockets} sockets)`
  log.warn({ ...fields, code }, `${label} ${what}: ${reason ?? 'no reason known'}; trying on`)
}
