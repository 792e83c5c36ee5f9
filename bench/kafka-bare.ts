/** The limit of the client: reads a topic from its start to its end with kafkajs and does nothing with it. */
import type kafkajs from 'kafkajs'
import { FETCH } from '../src/log/kafka.ts'
import { KafkaTopic } from '../src/log/kafka-client.ts'

const [broker = '', topic = '', partitions = '8'] = process.argv.slice(2)
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const client = new KafkaTopic({
  brokers: [broker],
  topic,
  partitions: Number(partitions),
  clientId: 'bench-bare',
  log: silent,
})
const ranges = await client.ranges()
const missing = new Set(ranges.flatMap(({ low, high }, partition) => (high > low ? [partition] : [])))
const done = Promise.withResolvers<void>()
const consumer = client.kafka.consumer({
  groupId: `bench.bare.${topic}.${process.pid}`,
  maxWaitTimeInMs: FETCH.waitMs,
  minBytes: FETCH.bytesMin,
})
let bytes = 0
let messages = 0
let beganMs = 0
let beganCpu = process.cpuUsage()
// From the first request on: what a fetch brings at once must not look as if it had cost nothing.
consumer.on(consumer.events.GROUP_JOIN, () => {
  beganMs = performance.now()
  beganCpu = process.cpuUsage()
})
await consumer.connect()
await consumer.subscribe({ topics: [topic], fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }: kafkajs.EachBatchPayload) => {
    for (const { value } of batch.messages) {
      bytes += value?.length ?? 0
      messages++
    }
    if (Number(batch.lastOffset()) + 1 >= ranges[batch.partition]!.high) missing.delete(batch.partition)
    if (missing.size === 0) done.resolve()
  },
})
await done.promise
const seconds = (performance.now() - beganMs) / 1000
const { user, system } = process.cpuUsage(beganCpu)
console.log(`READ ${JSON.stringify({ seconds, bytes, messages, cpuSeconds: (user + system) / 1e6 })}`)
process.exit()
