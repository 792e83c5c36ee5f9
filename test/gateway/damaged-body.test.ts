// Guards answers that go wrong while they are written: a damaged column in the middle of a map ends that one answer, in a
// way that nobody takes for a whole one, is told in the log and counted, and costs nobody else anything.
import { expect, test } from 'vitest'
import { column, minutes, startMs } from '../store/rows.ts'
import { startGateway, until } from './rig.ts'

test.each([1, 2])('a damaged column ends its answer and nothing else, with %i threads', async (gateways) => {
  let isDamaged = true
  const rig = await startGateway({
    gateways,
    limits: { clientSweepMs: 20 },
    readings: {
      liquidity: async () => undefined,
      model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
      scores: async () => [],
      ask: undefined,
      at: async () => {
        // JSON has no word for it, which shows only when its turn comes.
        const damaged = column({ quantumUsd: 1n as unknown as number })
        const rows = minutes(20)
        return {
          closed: isDamaged ? [...rows.slice(0, 10), damaged, ...rows.slice(10)] : rows,
          open: undefined,
          asOfMs: startMs + 20 * 60_000,
          model: undefined,
        }
      },
    },
  })
  try {
    const path = `${rig.http}/api/v1/map?asset=BTC&timeframe=1m&columns=40&at=${startMs + 3_600_000}`
    const ask = () => fetch(path, { headers: { connection: 'close' } })
    const answers = Array.from({ length: 6 }, async () => {
      const answer = await ask()
      expect(answer.status).toBe(200)
      await expect(answer.text()).rejects.toThrow()
    })
    await Promise.all(answers)
    expect(rig.log.filter((line) => line.includes('request failed in the middle'))).toHaveLength(6)
    isDamaged = false
    expect(JSON.parse(await (await ask()).text()).columns).toHaveLength(20)
    let text = ''
    const look = setInterval(() => void rig.metrics.text().then((now) => (text = now)), 5)
    const broken = /^lmap_gateway_http_requests_total\{status="500"\} 6$/m
    const whole = /^lmap_gateway_http_requests_total\{status="200"\} 1$/m
    await until('the counts', () => broken.test(text) && whole.test(text)).finally(() => clearInterval(look))
  } finally {
    await rig.gateway.stop()
  }
})
