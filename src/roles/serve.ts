import { setImmediate } from 'node:timers'
import type { Config } from '../config.ts'
import { createGateway, type Gateway } from '../gateway/server.ts'
import { isSimulated } from '../history-name.ts'
import { FrameGate } from '../log/frame-gate.ts'
import { KafkaFramesReader } from '../log/kafka-frames-reader.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { AssetStates } from './asset-states.ts'
import { LineUp } from './line-up.ts'
import { ofHistory, openReader, WEB_ROOT } from './open-stages.ts'
import { kafkaOf, type Part, type PartSurroundings } from './part.ts'
import { whenThere } from './patience.ts'
import { readingsOf } from './reading-sources.ts'
import { watchAlerts } from './watch-alerts.ts'

const HANDOVER_SECONDS = [0.25, 0.5, 1, 2, 4, 8, 15, 30]

/** Serves what processors make: the past from the store, what is live from the frames. Asks no processor for anything. */
export async function serve(asked: Config, { log, now, random, version, identity }: PartSurroundings): Promise<Part> {
  const name = asked.history ?? asked.source
  const config = ofHistory(asked, name)
  const metrics = createMetrics({ process: true })
  const lineUp = new LineUp(log)
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  try {
    await whenThere(config, log)
    const history = await lineUp.begin(openReader(config, log, now)!)
    const states = new AssetStates(now)
    const silence = metrics.histogram(
      'frames_handover_seconds',
      'Silence of an asset at a hand-over.',
      HANDOVER_SECONDS,
    )
    const gate = new FrameGate({
      now,
      sink: {
        block: (live) => gateway.block(live),
        report: (row) => gateway.report(row),
        handedOver: (_, silentMs) => silence.observe(silentMs / 1000),
        status: (asset, status, behindMs) => states.take(asset, status, behindMs),
      },
    })
    let isFlushing = false
    // What came of several partitions at once leaves together.
    const flushSoon = (): void => {
      if (isFlushing) return
      isFlushing = true
      setImmediate(() => {
        isFlushing = false
        gateway.flush()
      })
    }
    const reader = new KafkaFramesReader({
      ...kafkaOf(config),
      topic: config.frames,
      group: `lmap.serve.${Buffer.from(identity).toString('hex')}`,
      log,
      now,
      take: (bytes) => gate.take(bytes),
      taken: flushSoon,
      failed: (error) => failed.reject(error),
    })
    // Rules are watched by the processors, from their file; here they are tested on the history that all share.
    const engine = {
      price: (asset: AssetId) => states.liquidity(asset)?.price ?? 0,
      clockMs: (asset: AssetId) => states.liquidity(asset)?.clockMs ?? 0,
    }
    const alerts = watchAlerts(config, name, { engine, history, log, metrics, now, random })
    const gateway: Gateway = createGateway({
      host: config.host,
      port: config.port,
      proxies: config.proxies,
      webRoot: WEB_ROOT,
      gateways: config.gateways,
      failed: (error) => failed.reject(error),
      plans: config.plans,
      alerts,
      simulated: isSimulated(name),
      source: config.source,
      version,
      log,
      metrics,
      now,
      history: (asset, timeframe) => history.columns(asset, timeframe, COLUMNS - 1),
      activate(asset, timeframe, on) {
        if (!on) return
        // Processors keep every stream fresh: what there is of this one is told at once.
        queueMicrotask(() => {
          gate.retell(asset, timeframe)
          flushSoon()
        })
      },
      venueStates: (asset) => states.venueStates(asset),
      model: (asset) => states.model(asset),
      readings: readingsOf(history, config.sql ? history : undefined, {
        liquidity: async (asset) => states.liquidity(asset),
        model: (asset) => states.model(asset),
        lift: (asset) => history.lift(asset),
      }),
      status: () => {
        const stages = { frames: { ...gate.counts, lag: reader.lag }, store: history.status() }
        // For good: when all processors have fallen silent, the past is still worth a newcomer.
        const ready = gate.counts.parcels > 0
        return ready ? { ready, stages } : { ready, reason: 'no processor has been heard yet.', stages }
      },
    })
    await lineUp.begin(gateway)
    await lineUp.begin(reader)
    observeFrames(metrics, gate, reader)
    return {
      facts: [
        ['from', `Kafka at ${config.kafka?.join(', ')}, topic ${config.frames}`],
        ['history', 'ClickHouse server'],
      ],
      port: gateway.port,
      ended: failed.promise,
      stop: () => lineUp.stop(),
    }
  } catch (error) {
    await lineUp.stop()
    throw error
  }
}

function observeFrames(metrics: Metrics, gate: FrameGate, reader: KafkaFramesReader): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('frames_read', 'Parcels of processors that were taken.', () => gate.counts.parcels)
  gauge('frames_fenced', 'Parcels of processors that had lost the asset.', () => gate.counts.fenced)
  gauge('frames_gaps', 'Breaks in what a processor said of an asset.', () => gate.counts.gaps)
  gauge('frames_corrupt', 'Parcels that could not be read.', () => gate.counts.corrupt)
  gauge('frames_handovers', 'Times that an asset came to another processor.', () => gate.counts.handovers)
  gauge('frames_lag_messages', 'Parcels written and not read yet.', () => reader.lag)
}
