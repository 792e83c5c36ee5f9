import type { PlanFacts } from '../client/control.ts'

export type PlanSet = 'assets' | 'timeframes' | 'modes' | 'reports'

/** Why a plan does not give something, and which one would; undefined where it does. */
export function planLock(plan: PlanFacts | undefined, set: PlanSet, name: string): string | undefined {
  if (plan === undefined || plan[set].includes(name)) return undefined
  const other = plan.opens[set]?.[name]
  return `Locked: plan ${plan.name} does not have ${name}.${other === undefined ? '' : ` Plan ${other} does.`}`
}

/** Whether the HTTP interface answers about a kind of report: what is asked in vain stands in the browser's console. */
export function mayAsk(plan: PlanFacts | undefined, report: string): boolean {
  return plan === undefined || (plan.api && plan.reports.includes(report))
}
