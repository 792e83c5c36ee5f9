import * as prometheus from 'prom-client'

/* The numbers of one process. Stages ask for theirs once, at construction, and keep what they get: a lookup by label
   costs a hash of all labels, a kept counter an addition. */

export interface Counter {
  inc(amount?: number): void
}

export interface Gauge {
  set(value: number): void
}

export interface Histogram {
  observe(value: number): void
}

/** Asking twice for one name answers the same metric, so a stage may be made again. Names get the prefix `lmap_`. */
export interface Metrics {
  counter(name: string, help: string): Counter
  /** One counter per value of the label; the values must be few and known to us, never a client's words. */
  counterBy(name: string, help: string, label: string): (value: string) => Counter
  gauge(name: string, help: string): Gauge
  gaugeBy(name: string, help: string, label: string): (value: string) => Gauge
  /** A gauge that is read when somebody looks. The newest reader of a name is the one that is asked. */
  observedGauge(name: string, help: string, read: () => number): void
  histogram(name: string, help: string, bounds: readonly number[]): Histogram
  readonly contentType: string
  /** Prometheus text. */
  text(): Promise<string>
}

export interface MetricsOptions {
  /** Memory, CPU, garbage collection and event-loop lag of this process too. */
  process: boolean
}

const PREFIX = 'lmap_'

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new prometheus.Registry()
  if (options.process) prometheus.collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const readers = new Map<string, () => number>()

  function once<Kind>(name: string, make: (full: string) => Kind): Kind {
    const full = PREFIX + name
    return (registry.getSingleMetric(full) as Kind | undefined) ?? make(full)
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (name, help) => once(name, (full) => new prometheus.Counter({ name: full, help, registers })),
    counterBy(name, help, label) {
      const labelNames = [label]
      const family = once(name, (full) => new prometheus.Counter({ name: full, help, labelNames, registers }))
      return children((value) => family.labels(value))
    },
    gauge: (name, help) => once(name, (full) => new prometheus.Gauge({ name: full, help, registers })),
    gaugeBy(name, help, label) {
      const labelNames = [label]
      const family = once(name, (full) => new prometheus.Gauge({ name: full, help, labelNames, registers }))
      return children((value) => family.labels(value))
    },
    observedGauge(name, help, read) {
      readers.set(name, read)
      once(name, (full) => {
        const collect = function (this: prometheus.Gauge) {
          this.set(readers.get(name)!())
        }
        return new prometheus.Gauge({ name: full, help, collect, registers })
      })
    },
    histogram: (name, help, bounds) =>
      once(name, (full) => new prometheus.Histogram({ name: full, help, buckets: [...bounds], registers })),
  }
}

function children<Kind>(make: (value: string) => Kind): (value: string) => Kind {
  const made = new Map<string, Kind>()
  return (value) => {
    let child = made.get(value)
    if (child === undefined) made.set(value, (child = make(value)))
    return child
  }
}
