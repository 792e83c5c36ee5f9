import type { ReadingSources } from '../gateway/readings.ts'
import type { Store } from '../model/stages.ts'
import { answerOf } from '../store/sql.ts'
import type { ClickHouseStore } from '../store/store.ts'

/** Whom the gateway asks: the store for the past, `now` for what is; `sql` answers people, undefined where nobody may ask. */
export function readingsOf(
  store: Store,
  sql: ClickHouseStore | undefined,
  now: Pick<ReadingSources, 'liquidity' | 'model' | 'lift'>,
): ReadingSources {
  return {
    ...now,
    scores: (asset, most) => store.scores(asset, most),
    reports: (query) => store.reports(query),
    at: (asset, timeframe, atMs, most) => store.at(asset, timeframe, atMs, most),
    extent: (asset, timeframe) => store.extent(asset, timeframe),
    ask: sql && ((question, format) => answerOf(sql, question, format)),
  }
}
