// Guards the metrics contract: one registry per process object, prefix, kept children, gauges read at scrape time.
import { expect, test } from 'vitest'
import { createMetrics } from '../../src/telemetry/metrics.ts'

test('counters, gauges and histograms appear in the text', async () => {
  const metrics = createMetrics({ process: false })
  metrics.counter('frames_total', 'Frames.').inc(3)
  const closes = metrics.counterBy('closes_total', 'Closes.', 'code')
  closes('4000').inc()
  expect(closes('4000')).toBe(closes('4000'))
  metrics.gauge('clients', 'Clients.').set(7)
  metrics.gaugeBy('lag_ms', 'Lag.', 'venue')('okx').set(12)
  metrics.histogram('latency_ms', 'Latency.', [1, 10]).observe(5)
  const text = await metrics.text()
  expect(text).toContain('lmap_frames_total 3')
  expect(text).toContain('lmap_closes_total{code="4000"} 1')
  expect(text).toContain('lmap_clients 7')
  expect(text).toContain('lmap_lag_ms{venue="okx"} 12')
  expect(text).toContain('lmap_latency_ms_bucket{le="10"} 1')
  expect(metrics.contentType).toContain('text/plain')
})

test('a name asked for twice is one metric, and the newest reader is asked', async () => {
  const metrics = createMetrics({ process: false })
  metrics.counter('again_total', 'Again.').inc()
  metrics.counter('again_total', 'Again.').inc()
  metrics.observedGauge('seen', 'Seen.', () => 1)
  metrics.observedGauge('seen', 'Seen.', () => 2)
  const text = await metrics.text()
  expect(text).toContain('lmap_again_total 2')
  expect(text).toContain('lmap_seen 2')
})

test('two sets of metrics do not know of each other', async () => {
  const one = createMetrics({ process: false })
  one.counter('mine_total', 'Mine.').inc()
  expect(await createMetrics({ process: false }).text()).not.toContain('mine_total')
})

test('process metrics include memory and event-loop lag', async () => {
  const text = await createMetrics({ process: true }).text()
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).toContain('nodejs_eventloop_lag')
})
