import type { PlanFacts } from '../client/control.ts'

export type PlanSet = 'assets' | 'timeframes' | 'modes' | 'reports'

/** Why a plan does not give something, and which one would; undefined where it does. */
export function planLock(plan: PlanFacts | undefined, set: PlanSet, name: string): string | undefined {
  if (plan === undefined || plan[set].includes(name)) return undefined
  const other = plan.opens[set]?.[name]
  return `Locked: plan ${plan.name} does not have ${name}.${other === undefined ? '' : ` Plan ${other} does.`}`
}
