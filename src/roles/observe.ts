import type { Engine } from '../engine/engine.ts'
import type { ErrorCode } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { EventLog, Source, Stage } from '../model/stages.ts'
import type { ClickHouseStore } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createVenueReport } from '../venues/live/venue-report.ts'

export function observeSource(metrics: Metrics, source: Source): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('source_records', 'Records sent by the source.', () => source.status().records)
  gauge('source_gaps', 'Breaks of a venue sequence that were noticed.', () => source.status().gaps)
  gauge('source_rejected', 'Input that was refused.', () => source.status().rejected)
}

export function observeLog(metrics: Metrics, eventLog: EventLog): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('log_corrupt', 'Corrupt batches that were skipped.', () => eventLog.status().corrupt)
  gauge('log_waiting', 'Batches of the log that wait for the engine.', () => eventLog.status().waiting)
}

export function observeEngine(metrics: Metrics, engine: Engine): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('engine_batches', 'Batches applied.', () => engine.status().batches)
  gauge('engine_levels', 'Level updates applied.', () => engine.status().levels)
  gauge('engine_liquidations', 'Liquidations applied.', () => engine.status().liquidations)
  gauge(
    'engine_duplicates',
    'Batches skipped because their sequence was seen before.',
    () => engine.status().duplicates,
  )
  gauge('engine_columns', 'Columns closed.', () => engine.status().columns)
  gauge('engine_reports_lost', 'Reports that a batch had no room for.', () => engine.status().reportsLost)
  gauge('engine_lift_missed', 'Trials and controls that there was no room for.', () => engine.status().liftMissed)
  gauge('engine_pending_bytes', 'Bytes of events that wait in the rings.', () => engine.status().pending)
  gauge('engine_turn_ms', 'Milliseconds of the last turn of the fast loop.', () => engine.status().turnMs)
}

export function observeStore(metrics: Metrics, store: ClickHouseStore): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('store_rows_waiting', 'Rows that wait for the store.', () => store.status().rowsWaiting)
  gauge('store_bytes_waiting', 'Bytes of these rows.', () => store.status().bytesWaiting)
  gauge('store_lag_ms', 'Age of the oldest row that waits.', () => store.status().lagMs)
  gauge('store_disk_bytes', 'Bytes on the disk that wait for the server.', () => store.status().bytesOnDisk)
  gauge('store_retries', 'Inserts that failed and were sent again.', () => store.status().retries)
  gauge('store_failing', '1 while inserts fail.', () => Number(store.status().failure !== undefined))
}

/** What there is to say of live venues, looked at again and again. */
export function venueReport(source: Source, log: Log, metrics: Metrics): Stage {
  const report = createVenueReport(log, metrics)
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'venue report',
    async start() {
      timer = setInterval(() => report(source.status().venues ?? []), limits.heartbeatMs)
    },
    async stop() {
      clearInterval(timer)
    },
  }
}

export function warnOfCorrupt(eventLog: EventLog, log: Log): void {
  const { corrupt } = eventLog.status()
  if (corrupt === 0) return
  log.warn(
    { code: 'LMAP_BATCH_CORRUPT' satisfies ErrorCode, corrupt },
    'corrupt batches were skipped, all others stand',
  )
}
