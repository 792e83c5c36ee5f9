import type { Metrics } from '../telemetry/metrics.ts'

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>

const latencyBoundsMs = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000]

/** The numbers of the gateway, asked for once. */
export function gatewayMetrics(metrics: Metrics) {
  return {
    frames: metrics.counter('gateway_frames_total', 'Delta frames encoded, one for all subscribers of a stream.'),
    frameBytes: metrics.counter('gateway_frame_bytes_total', 'Bytes of the delta frames encoded.'),
    deliveries: metrics.counter('gateway_deliveries_total', 'Delta frames times the clients they went to.'),
    snapshotsEncoded: metrics.counter('gateway_snapshots_encoded_total', 'Snapshots put together.'),
    snapshotsSent: metrics.counter('gateway_snapshots_sent_total', 'Snapshots handed to clients.'),
    snapshotBytes: metrics.counter('gateway_snapshot_bytes_total', 'Bytes of snapshots handed to clients.'),
    dropped: metrics.counter('gateway_dropped_total', 'Frames not queued because a client was too far behind.'),
    cuts: metrics.counterBy('gateway_cuts_total', 'Clients cut to a fresh snapshot, by what gave them away.', 'cause'),
    closes: metrics.counterBy('gateway_closes_total', 'Connections closed, by close code.', 'code'),
    messages: metrics.counter('gateway_messages_total', 'Control messages received.'),
    messageErrors: metrics.counterBy('gateway_message_errors_total', 'Control messages refused, by code.', 'code'),
    histories: metrics.counterBy('gateway_histories_total', 'Histories read from the store, by outcome.', 'outcome'),
    requests: metrics.counterBy('gateway_http_requests_total', 'HTTP requests, by status.', 'status'),
    latency: metrics.histogram(
      'gateway_publish_latency_ms',
      "Age of a delta frame when it is published, from the asset's clock. Means nothing for a replay.",
      latencyBoundsMs,
    ),
  }
}
