// Guards the answers of a role without a page: alive, ready or why not, numbers; everything else is refused, and a port
// that is taken is told with its code.
import { afterEach, expect, test } from 'vitest'
import { describeError } from '../../src/model/errors.ts'
import { Health } from '../../src/roles/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { keptLog } from '../store/samples.ts'

const open: Health[] = []
afterEach(async () => {
  for (const health of open.splice(0)) await health.stop()
})

async function start(reason: string | undefined, port = 0): Promise<string> {
  const metrics = createMetrics({ process: false })
  metrics.gauge('answer', 'What it is.').set(42)
  const status = () => ({ reason, stages: { engine: 'runs' } })
  const health = new Health({ host: '127.0.0.1', port, log: keptLog(), metrics, status })
  open.push(health)
  await health.start()
  return `http://127.0.0.1:${health.port}`
}

test('says what it is asked', async () => {
  const ready = await start(undefined)
  expect(await (await fetch(`${ready}/healthz`)).json()).toEqual({ alive: true })
  const answer = await fetch(`${ready}/readyz?x=1`)
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, stages: { engine: 'runs' } }])
  expect(await (await fetch(`${ready}/metrics`)).text()).toContain('lmap_answer 42')
  const waiting = await fetch(`${await start('nobody is there.')}/readyz`)
  expect([waiting.status, await waiting.json()]).toEqual([
    503,
    { ready: false, reason: 'nobody is there.', stages: { engine: 'runs' } },
  ])
})

test('and nothing else', async () => {
  const url = await start(undefined)
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
  const [, port] = /:(\d+)$/.exec(url)!
  expect(describeError(await start(undefined, Number(port)).catch((error: unknown) => error))).toMatch(
    /^LMAP_PORT_BUSY: Port \d+ of 127.0.0.1 is in use\. Choose another with --port\.$/,
  )
})

test('numbers that cannot be read are an error of ours, and the log says which', async () => {
  const metrics = createMetrics({ process: false })
  metrics.observedGauge('broken', 'What cannot be told.', () => {
    throw new Error('a stage is damaged')
  })
  const log = keptLog()
  const health = new Health({
    host: '127.0.0.1',
    port: 0,
    log,
    metrics,
    status: () => ({ reason: undefined, stages: {} }),
  })
  open.push(health)
  await health.start()
  const answer = await fetch(`http://127.0.0.1:${health.port}/metrics`)
  expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ code: 'LMAP_INTERNAL' })])
  expect(log.lines.join()).toMatch(/could not be read.*"error"/)
})
