import { join } from 'node:path'
import { type Alerts, createAlerts } from '../alerts/alerts.ts'
import type { Config } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { type HistoryName, isSimulated } from '../history-name.ts'
import { alertHistoryOf } from '../store/alert-history.ts'
import type { ClickHouseStore } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface AlertSurroundings {
  readonly engine: Pick<Engine, 'price' | 'clockMs'>
  /** Undefined without a store. */
  readonly history: ClickHouseStore | undefined
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly random: () => number
}

/** The alerts of a process that has an engine, as its flags say. */
export function watchAlerts(config: Config, name: HistoryName, surroundings: AlertSurroundings): Alerts {
  const { engine, history, ...rest } = surroundings
  return createAlerts({
    ...rest,
    folder: join(config.data, 'alerts'),
    file: config.alerts,
    targets: { hosts: config.webhookHosts, isPrivateAllowed: config.webhookPrivate },
    history: history && alertHistoryOf(history),
    price: (asset) => engine.price(asset),
    clockMs: (asset) => engine.clockMs(asset),
    source: config.source,
    simulated: isSimulated(name),
  })
}
