// Guards what a live map is worth when venues misbehave: every fault of the list, on every venue, over real sockets. Each
// must be noticed (or be harmless), must not stop the feed, and must leave no level behind that the venue does not have.
import { describe, expect, test } from 'vitest'
import { seed } from '../../reference/prng.ts'
import { faultKinds } from '../exchange/fault-kinds.ts'
import { isHarmlessOn, tryFault } from '../exchange/fault-trial.ts'
import { scripts } from '../exchange/scripts.ts'

const MINUTE_MS = 60_000
/** Faults that keep frames back or cut sockets: what was said meanwhile is gone. */
const lossy = /lost|silent after|half-open|disconnect|\d{3}/

describe.concurrent(`every fault is survived (seed ${seed})`, () => {
  test.each(faultKinds)('$name', { timeout: MINUTE_MS }, async (fault) => {
    const trials = await Promise.all(scripts.map((script) => tryFault(script, fault, seed)))
    for (const [index, trial] of trials.entries()) {
      const isNoticed = trial.noticedMs !== undefined
      expect(isNoticed, `${trial.venue} notices`).toBe(!isHarmlessOn(scripts[index]!, fault))
      if (lossy.test(fault.name)) expect(trial.lost, `${trial.venue} tells nothing twice`).toBeGreaterThanOrEqual(0)
      else expect(trial.lost, `${trial.venue} loses no trade and tells none twice`).toBe(0)
    }
  })
})
