import { modelStates } from './model-states.ts'
import type { ModelStatus } from './stages.ts'

/** What may be said of a forecast's published score, see docs/estimator.md. */

/** Scored hours before anything is said; they mirror assembly/score.ts. */
export const SCORE_HOURS_MIN = 336
const Z_95 = 1.96

/** 95 % interval of the mean bits an hour over price alone; undefined while too few days are known. */
export function scoreInterval({ mean, error }: Pick<ModelStatus, 'mean' | 'error'>): [number, number] | undefined {
  return Number.isFinite(mean) && Number.isFinite(error) ? [mean - Z_95 * error, mean + Z_95 * error] : undefined
}

/** One line for people: the state, and what it rests on. */
export function scoreText({ state, mean, error, hours }: Omit<ModelStatus, 'id'>): string {
  const name = modelStates[state]
  if (name === 'not scored') return `not scored yet: ${Math.floor(hours)} of ${SCORE_HOURS_MIN} hours`
  if (name !== 'scored' && name !== 'unproven') return 'no model'
  if (!Number.isFinite(error)) return name
  const sign = mean < 0 ? '−' : '+'
  const bits = `${sign}${Math.abs(mean).toFixed(2)} bits/h ± ${trimmed(Z_95 * error)}`
  return name === 'scored' ? bits : `${name} (${bits})`
}

/** .05 */
function trimmed(value: number): string {
  return value.toFixed(2).replace(/^0/, '')
}
