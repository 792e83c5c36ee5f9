import type { AlertGate } from '../model/alert-gate.ts'
import type { AlertHistory } from '../model/alert-history.ts'
import { alertMatches } from '../model/alert-rules.ts'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { AssetId } from '../model/units.ts'
import { CandleReader, subjectsOf } from './past-subjects.ts'
import type { ServerRule } from './server-rule.ts'

export interface PastFiringsOptions {
  readonly rules: readonly ServerRule[]
  readonly gate: AlertGate
  readonly history: AlertHistory
  readonly limits: Limits
  /** Of an asset: up to when somebody else has watched it; 0: nobody has. */
  readonly clockMs: (asset: AssetId) => number
  /** Elapsed ms. */
  readonly elapsedMs: () => number
}

/**
 * Lets through the gate, without a word, what rules have fired for elsewhere: who takes an asset over then tells none of it
 * again. What lies behind the clock is read from the log once more and fires under the id that it had. Throws LMAP_LIMIT
 * where it takes too long.
 */
export async function passPastFirings(assets: readonly AssetId[], options: PastFiringsOptions): Promise<void> {
  const { rules, gate, history, limits, clockMs, elapsedMs } = options
  const deadlineMs = elapsedMs() + limits.alertTakeOverMsMax
  const inTime = (): void => {
    if (elapsedMs() > deadlineMs) throw new LmapError('LMAP_LIMIT', 'Reading what has fired takes too long.')
  }
  const known = assets.filter((asset) => clockMs(asset) > 0)
  if (known.length === 0) return
  const toMs = Math.max(...known.map(clockMs)) + 1
  const read = new CandleReader(history, { fromMs: toMs - limits.alertTakeOverBackMs, toMs, cut: null }, inTime)
  for (const { id, rule } of rules) {
    const ids = rule.assets === undefined ? known : known.filter((asset) => rule.assets!.includes(asset))
    if (ids.length === 0) continue
    const { subjects } = await subjectsOf(rule, ids, read, limits)
    inTime()
    for (const subject of subjects) {
      if (subject.atMs <= clockMs(subject.asset) && alertMatches(rule, subject)) gate.pass(id, rule, subject)
    }
  }
}
