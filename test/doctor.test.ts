// Guards the doctor and the universe as commands: what they say of venues that work, that refuse, that are in another
// region, that limit, whose clock differs, and that are not there; and the code they end with. Real servers on loopback.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assets } from '../src/model/assets.ts'
import type { VenueId } from '../src/model/units.ts'
import { type VenueName, venueId, venues } from '../src/model/venues.ts'
import { marketsOf } from '../src/venues/mapper-market.ts'
import { prng } from './reference/prng.ts'
import { projectRoot } from './source-files.ts'
import { Exchange } from './venues/exchange/exchange.ts'
import { SampleMarket } from './venues/exchange/market.ts'
import { scripts } from './venues/exchange/scripts.ts'
import { threeCoins } from './venues/instruments/contracts.ts'
import { type RestExchange, startRestExchange } from './venues/instruments/rest-exchange.ts'

let exchange: RestExchange
let sockets: Map<VenueName, Exchange>
let folder: string
let skewMs: number
let urls: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lmap-doctor-'))
  skewMs = 0
  exchange = await startRestExchange(threeCoins(), () => Date.now() + skewMs)
  sockets = new Map()
  for (const script of scripts) {
    const btc = marketsOf(venueId(script.venue) as VenueId).filter(({ asset }) => assets[asset]!.name === 'BTC')
    const one = new Exchange(script, new SampleMarket(btc, prng(1)))
    await one.open()
    one.run(50)
    sockets.set(script.venue, one)
  }
  const both = venues.flatMap(({ name }) => [
    `${name}.rest=${exchange.bases[name]}`,
    `${name}.socket=${sockets.get(name)!.urls.socket}`,
  ])
  urls = both.join(',')
})
afterEach(async () => {
  await Promise.all([exchange.close(), ...[...sockets.values()].map((one) => one.close())])
  rmSync(folder, { recursive: true })
})

interface Run {
  code: number
  text: string
  errors: string
}

function run(command: 'doctor' | 'universe', ...words: string[]): Promise<Run> {
  const argv = [`src/${command}.ts`, '--venue-urls', urls, '--data', folder, ...words]
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: projectRoot }, (error, text, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text, errors })
    })
  })
}

function rowOf(text: string, label: string): string {
  return text.split('\n').find((line) => line.trimStart().startsWith(label)) ?? ''
}

describe('doctor', () => {
  test('finds everything in order', async () => {
    const { code, text, errors } = await run('doctor', '--port', '0')
    expect(errors).toBe('')
    for (const { label } of venues) expect(rowOf(text, label)).toMatch(/ok \d+ ms +ok \d+ ms +[+-]\d+ ms$/)
    expect(code).toBe(0)
  })

  test('says of each venue what is wrong, and that the rest works', async () => {
    exchange.fault = (venue) => {
      if (venue === 'binance') return { status: 451, body: '{"msg":"Service unavailable from a restricted location"}' }
      if (venue === 'bybit') return { status: 429 }
      return venue === 'okx' ? { status: 200, body: '{"code":"50013","msg":"Systems are busy"}' } : undefined
    }
    sockets.get('binance')!.faults.upgradeStatus = 451
    sockets.get('bitget')!.faults.isMute = true
    await sockets.get('hyperliquid')!.close()
    sockets.delete('hyperliquid')
    const { code, text } = await run('doctor', '--port', '0')
    expect(rowOf(text, 'Binance')).toMatch(/NO region +NO region .*does not serve this region \(HTTP 451\)/)
    expect(rowOf(text, 'Bybit')).toMatch(/NO rate +ok .*rate limit reached \(HTTP 429\)/)
    expect(rowOf(text, 'OKX')).toMatch(/NO busy +ok .*50013: Systems are busy/)
    expect(rowOf(text, 'Bitget')).toMatch(/ok \d+ ms +NO silent .*nothing comes/)
    expect(rowOf(text, 'Hyperliquid')).toMatch(/ok \d+ ms +NO refused .*refused the connection/)
    expect(code).toBe(1)
  })

  test('says that no venue is to be had, and what there is instead', async () => {
    const nowhere = 'okx.rest=http://no-such-venue.invalid,okx.socket=ws://no-such-venue.invalid'
    const { code, text } = await run('doctor', '--port', '0', '--venues', 'okx', '--venue-urls', nowhere)
    expect(rowOf(text, 'OKX')).toMatch(/NO name +NO name .*cannot be resolved/)
    expect(text).toMatch(/npm start shows the simulated market/)
    expect(code).toBe(2)
  })

  test('tells a wrong clock of ours from one of theirs', async () => {
    skewMs = -7_000
    const { text } = await run('doctor', '--port', '0')
    expect(text).toMatch(/The clock of this machine is (6\.9|7\.0) s ahead/)
  })

  test('finds a port that is taken and a folder that cannot be written', async () => {
    // A folder cannot be made below a file.
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, text } = await run('doctor', '--port', String(port), '--data', file)
    await new Promise((resolve) => server.close(resolve))
    expect(rowOf(text, 'port')).toMatch(/NO +\d+ on 127\.0\.0\.1 is taken/)
    expect(rowOf(text, 'data')).toMatch(/NO +.*cannot be written/)
    expect(code).toBe(1)
  })

  test('refuses words that it does not know, in one line', async () => {
    const { code, errors } = await run('doctor', '--verfy')
    expect(errors.trim().split('\n')).toHaveLength(1)
    expect(errors).toMatch(/^LMAP_CONFIG: .*--verfy/)
    expect(code).toBe(2)
    expect((await run('doctor', '--verify', '--seconds', 'long')).errors).toMatch(/^LMAP_CONFIG: --seconds/)
  })
})

describe('universe', () => {
  test('shows what each venue offers, and what is refused', async () => {
    const okx = exchange.contracts.get('okx')!
    okx[0] = { ...okx[0]!, price: 90_000 }
    const { code, text } = await run('universe', '--assets', 'BTC,PEPE,XMR')
    expect(rowOf(text, 'BTC')).toMatch(/BTCUSDT 0\.10 +BTCUSDT 0\.10 +refused +BTCUSDT 0\.1 +BTC 1$/)
    expect(rowOf(text, 'PEPE')).toMatch(/1000PEPEUSDT .*PEPE-USDT-SWAP .*PEPEUSDT .*kPEPE/)
    expect(rowOf(text, 'XMR')).toMatch(/XMRUSDT 0\.01 +XMRUSDT 0\.01 +- +- +XMR 0\.01/)
    expect(text).toMatch(/okx BTC-USDT-SWAP for BTC: its mark price is 1\.1[23] times/)
    expect(code).toBe(0)
  })

  test('picks the largest coins, multiples of one coin together', async () => {
    exchange.contracts
      .get('binance')!
      .push({ symbol: 'NEWUSDT', base: 'NEW', price: 10, tick: '0.1', openInterest: 1e9 })
    exchange.fault = (venue) => (venue === 'bitget' ? { status: 451 } : undefined)
    const { code, text } = await run('universe', '--pick')
    expect(text).toMatch(/bitget is missing: the venue does not serve this region/)
    expect(rowOf(text, '1 ')).toMatch(/BTC +1[0-9]{4}M/)
    expect(rowOf(text, '2 ')).toMatch(/NEW +10000M +joins/)
    expect(rowOf(text, '3 ')).toMatch(/PEPE +\d+M .*1000PEPEUSDT .*kPEPE/)
    expect(text).toMatch(/- +ETH +- +leaves/)
    expect(code).toBe(1)
  })
})
