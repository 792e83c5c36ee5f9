import { describeError } from '../model/errors.ts'
import type { Log } from '../telemetry/log.ts'

/** Says once that the broker is lost and once that it is back, however often it was tried in between. */
export class KafkaLink {
  readonly #brokers: string
  readonly #log: Log
  readonly #lost = new Set<'writing' | 'reading'>()

  constructor(brokers: readonly string[], log: Log) {
    this.#brokers = brokers.join(',')
    this.#log = log
  }

  lost(way: 'writing' | 'reading', error: unknown): void {
    const known = this.#lost.size > 0
    this.#lost.add(way)
    const fields = { brokers: this.#brokers, way, reason: describeError(error) }
    if (known) this.#log.debug(fields, 'Kafka is still lost')
    else this.#log.warn(fields, 'Kafka is lost; trying again until it is back, nothing is dropped')
  }

  back(way: 'writing' | 'reading'): void {
    if (!this.#lost.delete(way) || this.#lost.size > 0) return
    this.#log.info({ brokers: this.#brokers }, 'Kafka is back')
  }
}
