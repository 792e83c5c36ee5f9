// Guards `npm start -- --source live` as a user meets it: what it says when no venue answers, and that a map of test
// venues is served while another venue is down.
import { afterEach, describe, expect, test } from 'vitest'
import { assets } from '../../src/model/assets.ts'
import type { VenueId } from '../../src/model/units.ts'
import { type VenueName, venueId, venues } from '../../src/model/venues.ts'
import { marketsOf } from '../../src/venues/mapper-market.ts'
import { prng, seed } from '../reference/prng.ts'
import { bybitScript } from '../venues/exchange/bybit.ts'
import { Exchange } from '../venues/exchange/exchange.ts'
import { SampleMarket } from '../venues/exchange/market.ts'
import { STEP_MS } from '../venues/exchange/rig.ts'
import { endCommands, newFolder, removeFolders, runMain, startMain } from './command.ts'

const exchanges: Exchange[] = []
afterEach(async () => {
  await endCommands()
  for (const exchange of exchanges.splice(0)) await exchange.close()
  removeFolders()
})

/** Nobody listens there. */
const NOWHERE = 'socket=ws://127.0.0.1:9'
const UNKNOWN = 'binance.socket=wss://binance.invalid,binance.rest=https://binance.invalid'
const usual = () => ['--source', 'live', '--port', '0', '--no-store', '--data', newFolder()]

describe('live', () => {
  test('no venue answers: each is named with its reason, within ten seconds', { timeout: 30_000 }, async () => {
    const urls = venues.flatMap(({ name }) => [`${name}.${NOWHERE}`, `${name}.rest=http://127.0.0.1:9`]).join(',')
    const beganMs = performance.now()
    const { code, stderr } = await runMain([...usual(), '--venue-urls', urls])
    expect(performance.now() - beganMs).toBeLessThan(12_000)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^LMAP_VENUE_UNREACHABLE: /m)
    for (const { label } of venues) expect(stderr).toContain(`${label}: 127.0.0.1:9 refused the connection`)
    expect(stderr).toMatch(/npm start .*simulated market/)
  })

  test(`one venue answers: there is a map (seed ${seed})`, { timeout: 60_000 }, async () => {
    const exchange = await openExchange('bybit')
    const { socket, rest } = exchange.urls
    const urls = `bybit.socket=${socket},bybit.rest=${rest},${UNKNOWN}`
    const args = ['--venues', 'bybit,binance', '--assets', 'BTC', '--venue-urls', urls]
    const command = startMain([...usual(), ...args])
    const [, address] = await command.said(/page\s+(http:\S+)/)
    await command.said(/Bybit is live: 1 of 1 books/)
    await command.said(/Binance is down: the name binance\.invalid cannot be resolved/)
    const until = async (path: string): Promise<Response> => {
      for (;;) {
        const response = await fetch(address + path)
        if (response.ok) return response
        await response.arrayBuffer()
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    await command.during(until('/readyz'))
    const map = await command.during(until('/api/v1/map?asset=BTC&columns=1'))
    expect(JSON.stringify(await map.json())).toContain('"bid"')
    command.signal('SIGINT')
    expect(await command.ended).toMatchObject({ code: 0 })
  })
})

async function openExchange(venue: VenueName): Promise<Exchange> {
  const markets = marketsOf(venueId(venue) as VenueId).filter(({ asset }) => assets[asset]!.name === 'BTC')
  const exchange = new Exchange(bybitScript, new SampleMarket(markets, prng(seed)))
  exchanges.push(exchange)
  await exchange.open()
  exchange.run(STEP_MS)
  return exchange
}
