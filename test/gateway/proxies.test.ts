// Guards who asks behind a proxy: the last address that a known proxy has written down, for requests and for sockets, in
// every thread; never what a visitor says of himself, and nothing of it where no proxy was named.
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { proxiesOf, visitorOf } from '../../src/gateway/proxies.ts'
import { temporaryFolder } from '../store/samples.ts'
import { type Rig, startGateway } from './rig.ts'

describe('a visitor', () => {
  const isProxy = proxiesOf(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8'])!

  test.each([
    ['has come by himself', '203.0.113.1', '198.51.100.1', '203.0.113.1'],
    ['is whom the proxy names', '10.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['is not whom he names himself', '10.0.0.1', '198.51.100.1, 203.0.113.1', '203.0.113.1'],
    ['has come through two of ours', '10.0.0.1', '198.51.100.1,203.0.113.1, 192.0.2.7', '203.0.113.1'],
    ['is one of our network', '10.0.0.1', '10.9.9.9', '10.9.9.9'],
    ['has a port', '10.0.0.1', '203.0.113.1:4711', '203.0.113.1'],
    ['has brackets and a port', '10.0.0.1', '[2001:DB8::1]:4711', '2001:db8::1'],
    ['has come by IPv6', 'fd00:0000:0000:0000:0000:0000:0000:0001', '2001:db8::2', '2001:db8::2'],
    ['has come by IPv4 to a socket of IPv6', '0000:0000:0000:0000:0000:ffff:0a00:0001', '203.0.113.1', '203.0.113.1'],
    ['was not told of', '10.0.0.1', '', '10.0.0.1'],
    ['is not one who hides', '10.0.0.1', '203.0.113.1, unknown', '10.0.0.1'],
    ['has no zone', '10.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
  ])('%s', (_, peer, forwarded, visitor) => {
    expect(visitorOf(peer, forwarded, isProxy)).toBe(visitor)
  })

  test('is believed by nobody who knows no proxy', () => {
    expect(proxiesOf([])).toBeUndefined()
    expect(isProxy('')).toBe(false)
  })
})

describe.each([1, 2])('with %i threads', (gateways) => {
  let rig: Rig
  afterEach(() => rig.gateway.stop())

  async function start(proxies: readonly string[]): Promise<void> {
    const path = join(temporaryFolder(), 'plans.json')
    const all = { assets: 'all', timeframes: 'all', modes: 'all', reports: 'all', columns: 360, api: true }
    const plan = { ...all, requestsPerMinute: 2, connections: 1, streams: 1 }
    writeFileSync(path, JSON.stringify({ plans: { free: plan }, anonymous: 'free', keys: [] }))
    rig = await startGateway({ gateways, proxies, plans: path })
  }

  /** Lines of x-forwarded-for, as they come one after the other. */
  const ask = (...lines: string[]): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(`${rig.http}/api/v1/history?asset=BTC&timeframe=1m`, {
        agent: false,
        headers: { 'x-forwarded-for': lines },
      })
      sent.on('response', (response) => resolve(response.resume().statusCode!)).on('error', reject)
      sent.end()
    })

  /** The map of who may be connected, or the code of why he may not. */
  const enter = (line: string): Promise<{ word: string; socket: WebSocket }> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(rig.ws, { headers: { 'x-forwarded-for': line } })
      socket.on('error', reject)
      // The map is told after the verdict, which may be another thread's and come behind the hello.
      socket.on('open', () => socket.send(JSON.stringify({ op: 'subscribe', asset: 'BTC', timeframe: '1m' })))
      socket.on('message', (data, isBinary) => {
        if (isBinary) resolve({ word: 'map', socket })
        else {
          const { op, code } = JSON.parse(String(data)) as { op: string; code?: string }
          if (op === 'error') resolve({ word: String(code), socket })
        }
      })
    })

  test('visitors of a known proxy have counts of their own, whatever they say of themselves', async () => {
    await start(['127.0.0.0/8'])
    expect(await ask('203.0.113.1')).toBe(200)
    expect(await ask('198.51.100.1', '203.0.113.1')).toBe(200)
    expect(await ask('198.51.100.2', '203.0.113.1')).toBe(429)
    expect(await ask('198.51.100.3, 203.0.113.1')).toBe(429)
    expect(await ask('203.0.113.2')).toBe(200)
    const first = await enter('203.0.113.1')
    expect(first.word).toBe('map')
    expect((await enter('198.51.100.1, 203.0.113.1')).word).toBe('LMAP_LIMIT')
    const other = await enter('203.0.113.2')
    expect(other.word).toBe('map')
    for (const { socket } of [first, other]) socket.terminate()
  })

  test('where no proxy is known, or not this one, the header is not read', async () => {
    for (const proxies of [[], ['10.0.0.0/8']]) {
      await start(proxies)
      expect([await ask('203.0.113.1'), await ask('203.0.113.2'), await ask('203.0.113.3')]).toEqual([200, 200, 429])
      const first = await enter('203.0.113.1')
      expect((await enter('203.0.113.2')).word).toBe('LMAP_LIMIT')
      first.socket.terminate()
      if (proxies.length === 0) await rig.gateway.stop()
    }
  })
})
