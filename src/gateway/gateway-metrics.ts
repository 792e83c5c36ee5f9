import type { Metrics } from '../telemetry/metrics.ts'

export type StreamMetrics = ReturnType<typeof streamMetrics>
export type FrontMetrics = ReturnType<typeof frontMetrics>
/** Where those who fan out count: the process's own metrics, or what a thread gathers for them. */
export type Counters = Pick<Metrics, 'counter' | 'counterBy'>

const latencyBoundsMs = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000]

/** The numbers of what is encoded, asked for once. */
export function streamMetrics(metrics: Metrics) {
  return {
    frames: metrics.counter('gateway_frames_total', 'Delta frames encoded, one for all subscribers of a stream.'),
    frameBytes: metrics.counter('gateway_frame_bytes_total', 'Bytes of the delta frames encoded.'),
    snapshotsEncoded: metrics.counter('gateway_snapshots_encoded_total', 'Snapshots put together.'),
    histories: metrics.counterBy('gateway_histories_total', 'Histories read from the store, by outcome.', 'outcome'),
    latency: metrics.histogram(
      'gateway_publish_latency_ms',
      "Age of a delta frame when it is published, from the asset's clock. Means nothing for a replay.",
      latencyBoundsMs,
    ),
  }
}

/** The numbers of what clients get and send, asked for once. */
export function frontMetrics(counters: Counters) {
  return {
    deliveries: counters.counter('gateway_deliveries_total', 'Messages of a topic times the clients they went to.'),
    snapshotsSent: counters.counter('gateway_snapshots_sent_total', 'Snapshots handed to clients.'),
    snapshotBytes: counters.counter('gateway_snapshot_bytes_total', 'Bytes of snapshots handed to clients.'),
    dropped: counters.counter('gateway_dropped_total', 'Frames not queued because a client was too far behind.'),
    cuts: counters.counterBy('gateway_cuts_total', 'Clients cut to a fresh snapshot, by what gave them away.', 'cause'),
    closes: counters.counterBy('gateway_closes_total', 'Connections closed, by close code.', 'code'),
    messages: counters.counter('gateway_messages_total', 'Control messages received.'),
    messageErrors: counters.counterBy('gateway_message_errors_total', 'Control messages refused, by code.', 'code'),
    requests: counters.counterBy('gateway_http_requests_total', 'HTTP requests, by status.', 'status'),
  }
}
