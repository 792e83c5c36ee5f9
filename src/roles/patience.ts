import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { KafkaTopic } from '../log/kafka-client.ts'
import { describeError, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { openClient } from '../store/client.ts'
import type { Log } from '../telemetry/log.ts'
import { kafkaOf } from './part.ts'

/** Resolves when broker and store answer: processes of a cluster start in any order, and some a little later. */
export async function whenThere(config: Config, log: Log): Promise<void> {
  const { store, topic } = config
  const broker = new KafkaTopic({ ...kafkaOf(config), topic, log })
  await untilThere(log, () => broker.greet())
  if (store.kind === 'server') await untilThere(log, async () => (await openClient({ url: store.url })).close())
}

/** Tries as long as what is missing may still come; any other failure is final. */
async function untilThere(log: Log, greet: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + limits.rolePatienceMsMax
  for (let tries = 0; ; tries++) {
    try {
      await greet()
      return
    } catch (error) {
      const isMissing = error instanceof LmapError && ['LMAP_KAFKA_DOWN', 'LMAP_STORE_DOWN'].includes(error.code)
      if (!isMissing || performance.now() > untilMs) throw error
      if (tries === 0) log.warn({ reason: describeError(error) }, 'waiting until it answers')
      await sleep(limits.rolePatienceMs)
    }
  }
}
