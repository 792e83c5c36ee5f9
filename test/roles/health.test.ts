// Guards the answers of a role without a page: alive, ready or why not, numbers; everything else is refused, and a port
// that is taken is told with its code.
import { afterEach, expect, test } from 'vitest'
import { describeError } from '../../src/model/errors.ts'
import { Health } from '../../src/roles/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const open: Health[] = []
afterEach(async () => {
  for (const health of open.splice(0)) await health.stop()
})

async function start(reason: string | undefined, port = 0): Promise<string> {
  const metrics = createMetrics({ process: false })
  metrics.gauge('answer', 'What it is.').set(42)
  const status = () => ({ reason, stages: { engine: 'runs' } })
  const health = new Health({ host: '127.0.0.1', port, metrics, status })
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
