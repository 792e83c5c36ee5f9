// Guards the look at what the venues' documents leave open: each finding against a venue that keeps to what is assumed,
// and against one that does not. Real sockets and requests on loopback.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assets } from '../../../src/model/assets.ts'
import type { VenueId } from '../../../src/model/units.ts'
import { type VenueName, venueId } from '../../../src/model/venues.ts'
import { findingTable } from '../../../src/venues/instruments/doctor-tables.ts'
import { createRests } from '../../../src/venues/instruments/rest-venues.ts'
import { type Finding, verifyVenue } from '../../../src/venues/instruments/verify.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import { liveVenues } from '../../../src/venues/live/venues.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'
import { prng } from '../../reference/prng.ts'
import { Exchange } from '../exchange/exchange.ts'
import { SampleMarket } from '../exchange/market.ts'
import { scripts } from '../exchange/scripts.ts'
import { threeCoins } from './contracts.ts'
import { type RestExchange, startRestExchange } from './rest-exchange.ts'

const agents = createAgents({})
const open: Exchange[] = []
let exchange: RestExchange

beforeEach(async () => {
  exchange = await startRestExchange(threeCoins())
})
afterEach(async () => {
  await Promise.all([exchange.close(), ...open.splice(0).map((one) => one.close())])
})

async function verify(venue: VenueName, forMs: number): Promise<Map<string, Finding>> {
  const script = scripts.find((one) => one.venue === venue)!
  const btc = marketsOf(venueId(venue) as VenueId).filter(({ asset }) => assets[asset]!.name === 'BTC')
  const socket = new Exchange(script, new SampleMarket(btc, prng(3)))
  open.push(socket)
  await socket.open()
  socket.run(100)
  const rest = createRests([venue], exchange.bases, { agents, now: () => performance.now(), prng: () => 0, tries: 1 })
  const findings = await verifyVenue({
    rest: rest.get(venue)!,
    protocol: await liveVenues[venue]!(),
    socketBase: socket.urls.socket,
    agents,
    now: () => performance.now(),
    forMs,
  })
  return new Map(findings.map((finding) => [finding.point, finding]))
}

test('Binance: streams that do not exist or lie elsewhere', async () => {
  const findings = await verify('binance', 400)
  expect(findings.get('btcusdt@trade on /public')).toMatchObject({ found: 'silent', agrees: true })
  expect(findings.get('a stream that does not exist')).toMatchObject({ found: 'acknowledged', agrees: true })
  expect(findings.get('aggTrade without /market')).toMatchObject({ found: 'silent', agrees: true })
})

test('OKX: liquidations in a second, sides of open interest', async () => {
  const findings = await verify('okx', 1_500)
  // The test venue liquidates ten times as often as anybody would cap it at.
  expect(findings.get('liquidations of one contract in a second')!.found).toMatch(/^\d+ came/)
  expect(findings.get('sides that open interest counts')).toMatchObject({ assumed: 'one', agrees: undefined })
})

test('Bitget: tick against a book, amount of liquidations, form of sequences', async () => {
  const book = (price: string) => ({ code: '00000', data: { b: [[price, '1']], a: [['80000.2', '1']], ts: '1' } })
  const liquidations = (amount: string) => ({
    code: '00000',
    data: { list: [{ symbol: 'BTCUSDT', side: 'buy', price: '80000', amount, ts: '1' }] },
  })
  let price = '80000.1'
  let amount = '240000'
  exchange.fault = (_venue, path) => {
    if (path.endsWith('/orderbook')) return { status: 200, body: JSON.stringify(book(price)) }
    if (path.endsWith('/liquidations')) return { status: 200, body: JSON.stringify(liquidations(amount)) }
    return undefined
  }
  const right = await verify('bitget', 400)
  expect(right.get('price step')).toMatchObject({ agrees: true })
  expect(right.get('sequence numbers of a book')).toMatchObject({ found: 'pseq bare, seq quoted', agrees: true })
  price = '80000.15'
  amount = '3'
  const wrong = await verify('bitget', 100)
  expect(wrong.get('price step')).toMatchObject({ found: 'does not fit the books of BTCUSDT', agrees: false })
  expect(wrong.get('amount of a liquidation')).toMatchObject({ agrees: false })
  expect(findingTable([...wrong.values()]).split('\n')[1]).toMatch(/DIFFERS +Bitget/)
})

test('Hyperliquid: cadence and depth, both on one socket', async () => {
  const findings = await verify('hyperliquid', 1_600)
  expect(findings.get('both cadences on one socket')).toMatchObject({ agrees: true })
  // The test venue sends five times as often as the real one, and more than twenty levels.
  expect(findings.get('fast book')).toMatchObject({ agrees: false })
  expect(findings.get('fast book')!.found).toMatch(/^5 levels a side each \d+ ms$/)
  expect(findings.get('slow book')!.found).toMatch(/levels a side each \d+ ms$/)
})

test('a venue that cannot be asked has one open finding', async () => {
  exchange.fault = () => ({ status: 451 })
  const findings = await verify('bitget', 100)
  expect([...findings.values()]).toEqual([
    {
      venue: 'bitget',
      point: 'open points of Bitget',
      assumed: 'it can be asked',
      found: 'the venue does not serve this region (HTTP 451)',
      agrees: undefined,
    },
  ])
})
