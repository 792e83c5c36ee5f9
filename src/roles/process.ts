import type { Alerts } from '../alerts/alerts.ts'
import type { Config } from '../config.ts'
import { createEngine } from '../engine/engine.ts'
import { KafkaFramesWriter } from '../log/kafka-frames-writer.ts'
import { KafkaGroup } from '../log/kafka-group.ts'
import { type Asset, assetByName, assets } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import { timeframeId } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { VenueMinutes } from '../store/venue-minutes.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { CatchUp } from './catch-up.ts'
import { outputsOf } from './engine-outputs.ts'
import { Health } from './health.ts'
import { Holder } from './holder.ts'
import { Keeper } from './keeper.ts'
import { LineUp } from './line-up.ts'
import { observeEngine, observeStore } from './observe.ts'
import { ofHistory, openStore } from './open-stages.ts'
import { kafkaOf, type Part, type PartSurroundings } from './part.ts'
import { whenThere } from './patience.ts'
import { Teller } from './teller.ts'
import { watchAlerts } from './watch-alerts.ts'

/** Every stream is told, wanted or not; from 15m on a column looks the same after a second. */
const UNHURRIED_FROM = timeframeId('15m')

/** Makes the map of the assets that the group gives us: columns and reports to the store, what is live to the frames. */
export async function processEvents(asked: Config, { log, now, random, identity }: PartSurroundings): Promise<Part> {
  const name = asked.history ?? asked.source
  const config = ofHistory(asked, name)
  const metrics = createMetrics({ process: true })
  const lineUp = new LineUp(log)
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  try {
    await whenThere(config, log)
    const chosen = config.assets?.map((one) => assetByName(one) as Asset) ?? assets
    const store = await lineUp.begin(openStore(config, log, now, `spill-${config.port}`)!)
    const engine = await createEngine({
      workers: config.workers,
      log,
      assets: chosen.map(({ id }) => id),
      isVacant: true,
      unhurriedFrom: UNHURRIED_FROM,
      outputs: outputsOf(store, () => alerts, {
        report: (row) => frames.add(row.asset, { kind: 'report', report: row }),
        live: (live) => frames.add(live.asset, { kind: 'block', live }),
        turned: () => frames.flush(),
      }),
      room: () => store.room,
      failed: (error) => failed.reject(error),
    })
    const alerts: Alerts = watchAlerts(config, name, { engine, history: store, log, metrics, now, random })
    const minutes = new VenueMinutes({
      row: (row) => store.venueMinute(row),
      state: (asset, venue) => engine.venueStates(asset)[venue] ?? 0,
    })
    const lagOf = (partition: number) => group.lags().find((lag) => lag.partition === partition)?.ms ?? 0
    const frames: KafkaFramesWriter = new KafkaFramesWriter({
      ...kafkaOf(config),
      topic: config.frames,
      log,
      now,
      owner: identity,
      // Who has not heard from the group for a session may have been replaced: nothing is said until it is certain.
      generation: (asset) => group.generationOf(asset % config.partitions),
      behindMs: (asset) => lagOf(asset % config.partitions),
      failed: (error) => failed.reject(error),
    })
    const holder = new Holder({
      engine,
      store,
      minutes,
      log,
      chosen,
      partitions: config.partitions,
      adopted: (taken) => alerts.adopt(taken),
      silence: (asset) => frames.release(asset),
    })
    const group: KafkaGroup = new KafkaGroup({
      ...kafkaOf(config),
      topic: config.topic,
      group: config.group,
      log,
      source: name,
      now,
      member: holder,
      failed: (error) => failed.reject(error),
    })
    // What nobody else can have: a state that is kept by one who was replaced would be older than the newest.
    const kept = (): readonly AssetId[] => (group.isLeased ? holder.assets : [])
    // First of all a port: a second process with the same flags ends here, before it gets a share.
    const health = new Health({
      host: config.host,
      port: config.port,
      log,
      metrics,
      status: () => {
        const { generation, held, isLeased } = group
        const stages = { group: { generation, held, isLeased }, engine: engine.status(), store: store.status() }
        if (generation < 0) return { reason: 'the group has not let us in yet.', stages }
        return { reason: isLeased ? undefined : 'the group has not heard from us lately.', stages }
      },
    })
    await lineUp.begin(health)
    await lineUp.begin(alerts)
    await lineUp.begin(engine)
    await lineUp.begin(new Keeper({ engine, store, minutes, assets: kept }), { stoppedAfter: engine })
    await lineUp.begin(frames)
    await lineUp.begin(new Teller({ engine, frames, assets: () => holder.assets }))
    await lineUp.begin(group, { stopMsMax: limits.handOverAllMsMax })
    const clock = (): number => performance.now()
    await lineUp.begin(new CatchUp({ lags: () => group.lags(), partitions: config.partitions, log, metrics, clock }))
    observeEngine(metrics, engine)
    observeStore(metrics, store)
    observeGroup(metrics, group, frames, holder)
    return {
      facts: [
        ['from', `Kafka at ${config.kafka?.join(', ')}, topic ${config.topic}, group ${config.group}`],
        ['to', `ClickHouse server, and topic ${config.frames}`],
        ['engine', `${config.workers} worker${config.workers === 1 ? '' : 's'}`],
      ],
      port: health.port,
      ended: failed.promise,
      stop: () => lineUp.stop(),
    }
  } catch (error) {
    await lineUp.stop()
    throw error
  }
}

function observeGroup(metrics: Metrics, group: KafkaGroup, frames: KafkaFramesWriter, holder: Holder): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('log_corrupt', 'Corrupt batches that were skipped.', () => group.corrupt)
  gauge('kafka_partitions_held', 'Partitions of the log that are read here.', () => group.held.length)
  gauge('kafka_generation', 'Divisions of the group, as the broker counts them.', () => group.generation)
  gauge('kafka_rebalances', 'Times that the group was divided while we were in it.', () => group.rebalances)
  gauge('kafka_leased', '1: the group has heard from us within a session.', () => (group.isLeased ? 1 : 0))
  gauge('assets_held', 'Assets that are worked on here.', () => holder.assets.length)
  gauge('assets_taken_over', 'Times that an asset was taken over.', () => holder.takeOvers)
  gauge('frames_parcels', 'Parcels written for gateways.', () => frames.counts.parcels)
  gauge('frames_bytes', 'Bytes of them, before compression.', () => frames.counts.bytes)
  gauge(
    'frames_dropped',
    'Entries that were not written: the broker or our right was missing.',
    () => frames.counts.dropped,
  )
}
