import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config.ts'
import { type HistoryName, historyUrl, isSimulated } from '../history-name.ts'
import { createInProcessLog } from '../log/in-process.ts'
import { createKafkaLog } from '../log/kafka.ts'
import type { BatchSink, EventLog, Stage } from '../model/stages.ts'
import type { UnixMs } from '../model/units.ts'
import { readRetention } from '../store/retention.ts'
import { type ClickHouseStore, createStore } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { createRecorder } from '../venues/recording/recorder.ts'

/** The built page. */
export const WEB_ROOT = fileURLToPath(new URL('../../build/web', import.meta.url))

/** The same with folder and database of the history. */
export function ofHistory(config: Config, name: HistoryName): Config {
  const data = join(dirname(config.data), name)
  const store =
    config.store.kind === 'server' ? { ...config.store, url: historyUrl(config.store.url, name) } : config.store
  return Object.freeze({ ...config, data, store })
}

/** Undefined where no history is kept. `spill`: where rows wait for a server; of one process only. */
export function openStore(config: Config, log: Log, now: () => UnixMs, spill = 'spill'): ClickHouseStore | undefined {
  if (config.store.kind === 'none') return undefined
  const client = config.store.kind === 'server' ? { url: config.store.url } : { path: join(config.data, 'clickhouse') }
  const retention = config.retention === undefined ? undefined : readRetention(config.retention)
  // A server can be away while we are not; the embedded engine is on the same disk.
  const spillFolder = config.store.kind === 'server' ? join(config.data, spill) : undefined
  return createStore({ client, log, now, retention, cluster: config.cluster, spillFolder })
}

/** The history of a server, for one who only reads; undefined where none was named. */
export function openReader(config: Config, log: Log, now: () => UnixMs): ClickHouseStore | undefined {
  const { store, cluster } = config
  return store.kind === 'server' ? createStore({ client: { url: store.url }, log, now, cluster }) : undefined
}

export function openLog(config: Config, name: HistoryName, log: Log): EventLog {
  if (config.kafka === undefined) return createInProcessLog()
  return createKafkaLog({ brokers: config.kafka, topic: config.topic, log, source: name })
}

/** Everything the source sends goes to the file first, so a recording holds what the map was made of. */
export async function recorded(
  config: Config,
  name: HistoryName,
  eventLog: EventLog,
  now: () => UnixMs,
  begin: (stage: Stage) => Promise<Stage>,
): Promise<BatchSink> {
  if (config.record === undefined) return eventLog
  // What was simulated once stays simulated, however often it is recorded.
  const kind = isSimulated(name) ? 'simulator' : config.source
  const recorder = createRecorder(config.record, { kind, createdMs: now() })
  await begin({ name: 'recorder', start: async () => undefined, stop: () => recorder.stop() })
  return {
    write(batches) {
      const kept = recorder.write(batches)
      const taken = eventLog.write(batches)
      if (kept === true) return taken
      return (async () => (await kept) && (await taken))()
    },
  }
}
