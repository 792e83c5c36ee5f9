import { join } from 'node:path'
import { type Alerts, createAlerts } from '../alerts/alerts.ts'
import type { Config } from '../config.ts'
import { type HistoryName, isSimulated } from '../history-name.ts'
import type { AssetId } from '../model/units.ts'
import { alertHistoryOf } from '../store/alert-history.ts'
import type { ClickHouseStore } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface AlertSurroundings {
  /** Of an asset: its price and its clock, 0 where they are not known. */
  readonly engine: { price(asset: AssetId): number; clockMs(asset: AssetId): number }
  /** Undefined without a store. */
  readonly history: ClickHouseStore | undefined
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly random: () => number
}

/** The alerts of a process that has an engine, as its flags say. Processors may share a data folder, never what waits in it. */
export function watchAlerts(config: Config, name: HistoryName, surroundings: AlertSurroundings): Alerts {
  const { engine, history, ...rest } = surroundings
  return createAlerts({
    ...rest,
    folder: join(config.data, config.role === 'process' ? `alerts-${config.port}` : 'alerts'),
    file: config.alerts,
    targets: { hosts: config.webhookHosts, isPrivateAllowed: config.webhookPrivate },
    history: history && alertHistoryOf(history),
    price: (asset) => engine.price(asset),
    clockMs: (asset) => engine.clockMs(asset),
    source: config.source,
    simulated: isSimulated(name),
  })
}
