// Guards what leaves the server by webhooks: only to hosts that were allowed, never into private networks unless that was
// allowed, to the address that was judged, signed so that the snippet of docs/alerts.md takes it, without following
// redirects, with a deadline.
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CallOptions, callWebhook, signatureOf } from '../../src/alerts/webhook-call.ts'
import { addressToCall, isInner, readWebhook, targetOf } from '../../src/alerts/webhook-target.ts'
import { limits } from '../../src/model/limits.ts'
import { projectRoot } from '../source-files.ts'
import { Receiver } from './receiver.ts'

const SECRET = 'a-secret-of-24-characters'
const NOW_MS = 1_763_876_100_500

describe('a target', () => {
  const rules = { hosts: ['hooks.example.com', 'other.example:8443', '127.0.0.1:9000'], isPrivateAllowed: false }

  test.each([
    'https://hooks.example.com/a',
    'http://hooks.example.com/a?b=c',
    'https://other.example:8443',
    'http://127.0.0.1:9000/',
  ])('may be %s', (url) => expect(targetOf(url, rules).href).toBe(new URL(url).href))

  test.each([
    'https://example.com/',
    'https://hooks.example.com:444/',
    'https://hooks.example.com.evil.example/',
    'https://evil.example/?hooks.example.com',
    'https://other.example/',
    'http://127.0.0.1/',
    'http://127.0.0.1:9001/',
  ])('is refused: %s', (url) => {
    expect(() => targetOf(url, rules)).toThrow(expect.objectContaining({ code: 'LMAP_WEBHOOK_REFUSED' }))
  })

  test.each([
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'https://user:word@hooks.example.com/',
    'hooks.example.com',
    `https://hooks.example.com/${'x'.repeat(1_024)}`,
    5,
    undefined,
  ])('is no address: %s', (url) => {
    expect(() => targetOf(url, rules)).toThrow(expect.objectContaining({ code: 'LMAP_REQUEST_INVALID' }))
  })

  test('comes with a secret that is long enough and plain', () => {
    const url = 'https://hooks.example.com/a'
    expect(readWebhook({ url, secret: SECRET }, rules)).toEqual({ url, secret: SECRET })
    for (const secret of [undefined, 'short', 'x'.repeat(257), 'with a space in its middle', 'grüße-grüße-grüße']) {
      expect(() => readWebhook({ url, secret }, rules)).toThrow(/secret/)
    }
    expect(() => readWebhook({ url, secret: SECRET, more: 1 }, rules)).toThrow(/"more"/)
    expect(() => readWebhook(undefined, rules)).toThrow(/webhook/)
  })

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2002:a00:1::',
  ])('lies in no public network: %s', (address) => {
    expect(isInner({ address, family: address.includes(':') ? 6 : 4 })).toBe(true)
  })

  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'lies in a public network: %s',
    (address) => expect(isInner({ address, family: address.includes(':') ? 6 : 4 })).toBe(false),
  )

  test('is refused where any of its addresses is private, unless that is allowed', () => {
    const good = { address: '8.8.8.8', family: 4 }
    const bad = { address: '10.0.0.1', family: 4 }
    expect(addressToCall([good], rules)).toBe(good)
    expect(() => addressToCall([good, bad], rules)).toThrow(/private/)
    expect(() => addressToCall([], rules)).toThrow(/nowhere/)
    expect(addressToCall([bad], { ...rules, isPrivateAllowed: true })).toBe(bad)
  })
})

describe('a call', () => {
  let receiver: Receiver
  beforeEach(async () => {
    receiver = new Receiver()
    await receiver.start()
  })
  afterEach(() => receiver.stop())

  const body = JSON.stringify({ report: { usd: 1 } })
  const call = (changes: Partial<CallOptions> = {}, url = receiver.url, signal = new AbortController().signal) =>
    callWebhook(
      { webhook: { url, secret: SECRET }, delivery: 'd-1', body },
      {
        targets: { hosts: [receiver.host, `hook.example:${receiver.port}`], isPrivateAllowed: true },
        limits,
        now: () => NOW_MS,
        ...changes,
      },
      signal,
    )

  test('carries the body, its id and a signature over time and body', async () => {
    expect(await call()).toEqual({ kind: 'taken' })
    const [{ headers, body: got }] = receiver.received as [(typeof receiver.received)[0]]
    expect(got).toBe(body)
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'lmap-delivery': 'd-1', host: receiver.host })
    const hex = createHmac('sha256', SECRET).update(`1763876100.${body}`).digest('hex')
    expect(headers['lmap-signature']).toBe(`t=1763876100,v1=${hex}`)
  })

  test.each([
    [204, 'taken'],
    [302, 'refused'],
    [400, 'refused'],
    [410, 'refused'],
    [408, 'again'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
    ['cut', 'again'],
  ] as const)('answered with %s is %s', async (answer, kind) => {
    receiver.answers = [answer]
    expect(await call()).toMatchObject({ kind })
    expect(receiver.received).toHaveLength(1)
  })

  test('that is not answered ends in time', async () => {
    receiver.answers = ['hang']
    expect(await call({ limits: { ...limits, webhookMsMax: 50 } })).toMatchObject({
      kind: 'again',
      reason: expect.stringContaining('in time'),
    })
  })

  test('whose name is looked up for ever ends in time, and at once with a stop', async () => {
    const url = `http://hook.example:${receiver.port}/`
    const lookup = () => new Promise<never>(() => undefined)
    expect(await call({ lookup, limits: { ...limits, webhookMsMax: 50 } }, url)).toMatchObject({
      kind: 'again',
      reason: expect.stringContaining('in time'),
    })
    const stop = new AbortController()
    const broken = call({ lookup }, url, stop.signal)
    stop.abort()
    expect(await broken).toMatchObject({ kind: 'again', reason: expect.stringContaining('looked up') })
    expect(await call({ lookup }, url, stop.signal)).toMatchObject({ kind: 'again' })
    expect(receiver.received).toEqual([])
  })

  test('goes to the address that was judged, under the name that was asked for', async () => {
    const url = `http://hook.example:${receiver.port}/`
    const asked: string[] = []
    const lookup = async (host: string) => {
      asked.push(host)
      // Whoever asked a second time would be led elsewhere.
      return [{ address: asked.length === 1 ? '127.0.0.1' : '203.0.113.1', family: 4 }]
    }
    expect(await call({ lookup }, url)).toEqual({ kind: 'taken' })
    expect(asked).toEqual(['hook.example'])
    expect(receiver.received[0]!.headers.host).toBe(`hook.example:${receiver.port}`)
  })

  test('into a private network is refused, by name and by number', async () => {
    const targets = { hosts: [receiver.host, `hook.example:${receiver.port}`], isPrivateAllowed: false }
    expect(await call({ targets })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('WEBHOOK_REFUSED'),
    })
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
    const url = `http://hook.example:${receiver.port}/`
    expect(await call({ targets, lookup }, url)).toMatchObject({ kind: 'refused' })
    expect(receiver.received).toEqual([])
  })

  test('to a host that is allowed no longer is refused', async () => {
    expect(await call({ targets: { hosts: [], isPrivateAllowed: true } })).toMatchObject({ kind: 'refused' })
  })

  test('says nothing of the secret or the address when it fails', async () => {
    receiver.answers = ['cut']
    const outcome = await call()
    expect(outcome).toMatchObject({ kind: 'again' })
    expect(JSON.stringify(outcome)).not.toMatch(new RegExp(`${SECRET}|hook\\?a`))
  })
})

describe('the snippet of docs/alerts.md', () => {
  const text = readFileSync(`${projectRoot}/docs/alerts.md`, 'utf8')
  const source = /```js\n([\s\S]*?function isFromMap[\s\S]*?)```/.exec(text)?.[1]

  test('takes what is signed, and nothing else', async () => {
    const module = `data:text/javascript,${encodeURIComponent(`${source}\nexport { isFromMap }`)}`
    const { isFromMap } = (await import(module)) as {
      isFromMap: (secret: string, header: string | undefined, body: string, nowSeconds: number) => boolean
    }
    const seconds = 1_763_876_100
    const header = signatureOf(SECRET, seconds, 'body')
    expect(isFromMap(SECRET, header, 'body', seconds + 10)).toBe(true)
    expect(isFromMap(SECRET, header, 'bodY', seconds)).toBe(false)
    expect(isFromMap('another-secret-of-24-chars', header, 'body', seconds)).toBe(false)
    expect(isFromMap(SECRET, header, 'body', seconds + 301)).toBe(false)
    expect(isFromMap(SECRET, header.replace(/t=\d+/, `t=${seconds + 1}`), 'body', seconds)).toBe(false)
    for (const wrong of [undefined, '', 't=,v1=', 'v1=00', `${header}0`]) {
      expect(isFromMap(SECRET, wrong, 'body', seconds)).toBe(false)
    }
  })
})
