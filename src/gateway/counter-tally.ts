import type { Metrics } from '../telemetry/metrics.ts'
import type { Counters } from './gateway-metrics.ts'

/** What was counted since it was last asked for, ready to cross to the thread that has the metrics. */
export type Tally = readonly {
  readonly name: string
  readonly help: string
  /** Undefined: a counter without one. */
  readonly label: string | undefined
  readonly value: string
  readonly amount: number
}[]

/** Counts for metrics that another thread has. */
export class CounterTally implements Counters {
  readonly #counts: { name: string; help: string; label: string | undefined; value: string; amount: number }[] = []

  counter(name: string, help: string): { inc(amount?: number): void } {
    return this.#count(name, help, undefined, '')
  }

  counterBy(name: string, help: string, label: string): (value: string) => { inc(amount?: number): void } {
    const made = new Map<string, { inc(amount?: number): void }>()
    return (value) => {
      let counter = made.get(value)
      if (counter === undefined) made.set(value, (counter = this.#count(name, help, label, value)))
      return counter
    }
  }

  take(): Tally {
    const taken = this.#counts.filter(({ amount }) => amount > 0).map((count) => ({ ...count }))
    for (const count of this.#counts) count.amount = 0
    return taken
  }

  #count(name: string, help: string, label: string | undefined, value: string) {
    const count = { name, help, label, value, amount: 0 }
    this.#counts.push(count)
    return {
      inc(amount = 1) {
        count.amount += amount
      },
    }
  }
}

/** Adds what another thread has counted. */
export function addTally(metrics: Metrics, tally: Tally): void {
  for (const { name, help, label, value, amount } of tally) {
    const counter = label === undefined ? metrics.counter(name, help) : metrics.counterBy(name, help, label)(value)
    counter.inc(amount)
  }
}
