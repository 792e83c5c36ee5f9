import type { Config } from '../config.ts'
import { historyNameOf } from '../history-name.ts'
import { createKafkaLog } from '../log/kafka.ts'
import { type Asset, assetByName, assets } from '../model/assets.ts'
import type { ErrorCode } from '../model/errors.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createSource } from '../venues/source.ts'
import { Health } from './health.ts'
import { knownOf, nothingKnown } from './known.ts'
import { LineUp } from './line-up.ts'
import { observeLog, observeSource, venueReport } from './observe.ts'
import { ofHistory, openReader, recorded } from './open-stages.ts'
import { kafkaOf, type Part, type PartSurroundings } from './part.ts'
import { whenThere } from './patience.ts'
import { sourceSpec } from './source-spec.ts'

/** Brings the events of a source into the log on Kafka; nothing of them stays here. */
export async function collect(asked: Config, surroundings: PartSurroundings): Promise<Part> {
  const { log, now } = surroundings
  const name = await historyNameOf(asked.source, asked.path)
  const config = ofHistory(asked, name)
  const metrics = createMetrics({ process: true })
  const lineUp = new LineUp(log)
  try {
    await whenThere(config, log)
    const chosen = config.assets?.map((one) => assetByName(one) as Asset) ?? assets
    const history = openReader(config, log, now)
    // Only asked where the market was left; a stop has nothing to wait for.
    const known = history === undefined ? nothingKnown : await knownOf(await lineUp.begin(history))
    if (config.source === 'simulator' && config.speed !== 1 && chosen.some(({ id }) => known.price(id) > 0)) {
      // Only the log knows how far it came. Its columns never change: what comes for a time that is over counts in the open one.
      log.warn(
        { code: 'LMAP_CONFIG' satisfies ErrorCode, speed: config.speed },
        'a market that ran faster than the clock goes on at its last closed minute, or now: some of its time may come again',
      )
    }
    const eventLog = await lineUp.begin(createKafkaLog({ ...kafkaOf(config), topic: config.topic, log, source: name }))
    const source = createSource(sourceSpec(config, known, chosen, surroundings))
    const sink = await recorded(config, name, eventLog, now, (stage) => lineUp.begin(stage))
    await lineUp.begin(source)
    if (config.source === 'live') await lineUp.begin(venueReport(source, log, metrics))
    observeSource(metrics, source)
    observeLog(metrics, eventLog)
    const health = await lineUp.begin(
      new Health({
        host: config.host,
        port: config.port,
        log,
        metrics,
        status: () => {
          const stages = { source: source.status(), log: eventLog.status() }
          const reason = source.status().records > 0 ? undefined : 'the source has not sent anything yet.'
          return { reason, stages }
        },
      }),
    )
    source.connect(sink)
    const ended = source.ended.then(() => eventLog.drained())
    ended.catch(() => undefined)
    return {
      facts: [
        ['source', name],
        ['to', `Kafka at ${config.kafka?.join(', ')}, topic ${config.topic}`],
      ],
      port: health.port,
      ended,
      stop: () => lineUp.stop(),
    }
  } catch (error) {
    await lineUp.stop()
    throw error
  }
}
