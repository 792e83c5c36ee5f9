import type { Alerts } from '../alerts/alerts.ts'
import type { EngineOptions } from '../engine/engine.ts'
import type { Store } from '../model/stages.ts'

type Outputs = EngineOptions['outputs']

/**
 * What the engine says, to all who take it: the past to the store, what rules may ask for to the alerts, and `live` to
 * those who show it. The alerts ask the engine for prices, so they are made after it.
 */
export function outputsOf(
  store: Store,
  alerts: () => Alerts,
  live: Pick<Outputs, 'report' | 'live' | 'turned'>,
): Outputs {
  return {
    column(column) {
      store.column(column)
      alerts().column(column)
    },
    liquidation: (row) => store.liquidation(row),
    score: (row) => store.score(row),
    report(row) {
      store.report(row)
      alerts().report(row)
      live.report(row)
    },
    lift: (row) => store.liftTrial(row),
    live: live.live,
    turned: live.turned,
  }
}
