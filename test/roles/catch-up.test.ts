// Guards what is said of a backlog: once where it begins, how fast and how long while it lasts, once when it is over, and
// the lag of each partition as a number.
import { expect, test } from 'vitest'
import type { PartitionLag } from '../../src/log/kafka-group.ts'
import { limits } from '../../src/model/limits.ts'
import { CatchUp } from '../../src/roles/catch-up.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

function watched() {
  const lines: [string, object][] = []
  const at = (fields: object, message: string): void => void lines.push([message, fields])
  const state = { nowMs: 0, lags: [] as PartitionLag[] }
  const metrics = createMetrics({ process: false })
  const catchUp = new CatchUp({
    lags: () => state.lags,
    partitions: 2,
    log: { debug: at, info: at, warn: at, error: at },
    metrics,
    clock: () => state.nowMs,
  })
  const look = (seconds: number, lagSeconds: number, messages = lagSeconds): void => {
    state.nowMs = seconds * 1000
    state.lags = [{ partition: 1, messages, ms: lagSeconds * 1000 }]
    catchUp.look()
  }
  return { lines, look, metrics }
}

test('from behind to caught up', () => {
  const { lines, look } = watched()
  look(0, limits.behindMsMax / 1000)
  expect(lines).toEqual([])
  look(1, 600, 9_000)
  look(6, 500)
  expect(lines).toEqual([
    ['behind the log: catching up as fast as the core allows', { behindSeconds: 600, messages: 9_000 }],
  ])
  // In ten seconds of ours the log grew by ten, and the lag fell by 200: 21 times real time.
  look(11, 400, 5_000)
  expect(lines[1]).toEqual(['catching up', { behindSeconds: 400, messages: 5_000, timesRealTime: 21, secondsLeft: 20 }])
  look(30, 1)
  expect(lines[2]).toEqual(['caught up with the log', { tookSeconds: 29 }])
  look(31, 1)
  expect(lines).toHaveLength(3)
})

test('one that falls further behind says so, without a promise', () => {
  const { lines, look } = watched()
  look(0, 10)
  look(10, 15)
  const [message, fields] = lines[1]!
  expect(message).toBe('behind the log, and falling further behind')
  expect(fields).toMatchObject({ timesRealTime: 0.5, secondsLeft: undefined })
})

test('the lag of each partition is a number, 0 where it is not ours', async () => {
  const { look, metrics } = watched()
  look(0, 3, 40)
  const text = await metrics.text()
  expect(text).toContain('lmap_kafka_lag_messages{partition="0"} 0')
  expect(text).toContain('lmap_kafka_lag_messages{partition="1"} 40')
  expect(text).toContain('lmap_kafka_lag_ms{partition="1"} 3000')
})
