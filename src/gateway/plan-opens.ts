import { assets } from '../model/assets.ts'
import { modes } from '../model/modes.ts'
import { COLUMNS, timeframes } from '../model/timeframes.ts'
import type { PlanReport, PlanSets } from './plans.ts'

/** For what a plan does not have: the first plan of the file that has it, by name. */
export interface PlanOpens {
  readonly assets: Readonly<Record<string, string>>
  readonly timeframes: Readonly<Record<string, string>>
  readonly modes: Readonly<Record<string, string>>
  readonly reports: Readonly<Record<string, string>>
  /** The first with a longer history; undefined where there is none. */
  readonly columns: string | undefined
}

export function opensOf(plan: PlanSets, all: readonly PlanSets[], reports: readonly PlanReport[]): PlanOpens {
  const firstWith = (allows: (other: PlanSets) => boolean): string | undefined =>
    allows(plan) ? undefined : all.find(allows)?.name
  const named = (words: readonly string[], has: (other: PlanSets, index: number) => boolean) =>
    Object.fromEntries(
      words.flatMap((word, index) => {
        const other = firstWith((one) => has(one, index))
        return other === undefined ? [] : [[word, other]]
      }),
    )
  return {
    assets: named(
      assets.map(({ name }) => name),
      (one, id) => one.assets === 'all' || one.assets.has(id),
    ),
    timeframes: named(
      timeframes.map(({ name }) => name),
      (one, id) => one.timeframes.has(id),
    ),
    modes: named(modes, (one, index) => one.modes.has(modes[index]!)),
    reports: named(reports, (one, index) => one.reports.has(reports[index]!)),
    columns: plan.columns === COLUMNS ? undefined : all.find(({ columns }) => columns > plan.columns)?.name,
  }
}
