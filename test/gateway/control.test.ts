// Guards the border to clients: whatever they send is answered by a coded error or a close code, and nobody else notices.
import { afterEach, expect, test } from 'vitest'
import { parseControl } from '../../src/gateway/control.ts'
import { limits } from '../../src/model/limits.ts'
import { prng } from '../reference/prng.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

let rig: Rig
afterEach(async () => {
  await rig.gateway.stop()
})

const stream = { asset: 'BTC', timeframe: '1m' }

test.each([
  ['text that is not JSON', '{', 'LMAP_REQUEST_INVALID'],
  ['JSON that is no object', '[1]', 'LMAP_REQUEST_INVALID'],
  ['null', 'null', 'LMAP_REQUEST_INVALID'],
  ['an unknown op', { op: 'explode' }, 'LMAP_REQUEST_INVALID'],
  ['a missing field', { op: 'subscribe', asset: 'BTC' }, 'LMAP_REQUEST_INVALID'],
  ['a field too many', { op: 'subscribe', ...stream, admin: true }, 'LMAP_REQUEST_INVALID'],
  ['a field of the wrong type', { op: 'subscribe', asset: 7, timeframe: '1m' }, 'LMAP_REQUEST_INVALID'],
  ['an unknown asset', { op: 'subscribe', asset: 'NOPE', timeframe: '1m' }, 'LMAP_REQUEST_UNKNOWN'],
  ['a name of the language', { op: 'subscribe', asset: '__proto__', timeframe: '1m' }, 'LMAP_REQUEST_UNKNOWN'],
  ['an unknown timeframe', { op: 'subscribe', asset: 'BTC', timeframe: '2m' }, 'LMAP_REQUEST_UNKNOWN'],
  ['a resync without subscription', { op: 'resync', ...stream }, 'LMAP_REQUEST_INVALID'],
  ['an ack of an unknown stream', { op: 'ack', sequence: [['NOPE', '1m', 1]] }, 'LMAP_REQUEST_UNKNOWN'],
  ['an ack of no sequence', { op: 'ack', sequence: [['BTC', '1m', -1]] }, 'LMAP_REQUEST_INVALID'],
  ['an ack that is too long', { op: 'ack', sequence: Array(65).fill(['BTC', '1m', 1]) }, 'LMAP_REQUEST_INVALID'],
])('%s is answered by a coded error and the connection lives on', async (_, message, code) => {
  rig = await startGateway()
  const reader = await Reader.open(rig.ws)
  reader.send(message)
  await until('the error', () => reader.errors.length === 1)
  expect(reader.errors[0]).toMatchObject({ op: 'error', code, message: expect.stringMatching(/^.+\.$/) })
  if (typeof message === 'object') expect(reader.errors[0]!.request).toEqual(message)
  await reader.subscribe('BTC', '1m')
  expect(reader.closeCode).toBeUndefined()
  expect(await rig.metrics.text()).toContain(`lmap_gateway_message_errors_total{code="${code}"} 1`)
})

test('unsubscribing from and acknowledging what one has not is no error', async () => {
  rig = await startGateway()
  const reader = await Reader.open(rig.ws)
  reader.send({ op: 'unsubscribe', ...stream })
  reader.send({ op: 'ack', sequence: [['BTC', '1m', 9]] })
  await reader.subscribe('BTC', '1m')
  expect(reader.errors).toEqual([])
})

test('a message over the limit closes with 4500 after a coded error', async () => {
  rig = await startGateway()
  const reader = await Reader.open(rig.ws)
  reader.send(' '.repeat(limits.clientMessageBytesMax + 1))
  await until('the close', () => reader.closeCode !== undefined)
  expect(reader.closeCode).toBe(4500)
  expect(reader.errors[0]).toMatchObject({ code: 'LMAP_REQUEST_TOO_LARGE' })
})

test('a message far over the limit just ends the connection', async () => {
  rig = await startGateway()
  const reader = await Reader.open(rig.ws)
  reader.send(' '.repeat(1 << 20))
  await until('the close', () => reader.closeCode !== undefined)
  await (await Reader.open(rig.ws)).subscribe('BTC', '1m')
})

test('a binary message closes with 4500', async () => {
  rig = await startGateway()
  const reader = await Reader.open(rig.ws)
  reader.socket.send(new Uint8Array(8))
  await until('the close', () => reader.closeCode !== undefined)
  expect(reader.closeCode).toBe(4500)
})

test('too many messages close with 4002, in any window of time anew', async () => {
  let nowMs = 0
  rig = await startGateway({ now: () => nowMs, limits: { clientMessagesMax: 3 } })
  const reader = await Reader.open(rig.ws)
  for (let window = 0; window < 3; window++) {
    for (let i = 0; i < 3; i++) reader.send({ op: 'nonsense' })
    await until('the answers', () => reader.errors.length === 3 * (window + 1))
    nowMs += limits.clientMessagesMs
  }
  for (let i = 0; i < 4; i++) reader.send({ op: 'nonsense' })
  await until('the close', () => reader.closeCode !== undefined)
  expect(reader.closeCode).toBe(4002)
  expect(reader.errors.at(-1)).toMatchObject({ code: 'LMAP_REQUEST_RATE' })
})

test('one subscription too many is refused, those before it stay', async () => {
  rig = await startGateway({ limits: { clientStreamsMax: 2 } })
  const reader = await Reader.open(rig.ws)
  await reader.subscribe('BTC', '1m')
  await reader.subscribe('BTC', '5m')
  reader.send({ op: 'subscribe', asset: 'BTC', timeframe: '15m' })
  await until('the error', () => reader.errors.length === 1)
  expect(reader.errors[0]).toMatchObject({ code: 'LMAP_LIMIT', request: { timeframe: '15m' } })
  expect(rig.activations).toEqual(['0/0 on', '0/1 on'])
})

test('one connection too many from an address closes with 4501, and a place that is left is free', async () => {
  rig = await startGateway({ limits: { clientsPerAddressMax: 2 } })
  const [one] = [await Reader.open(rig.ws), await Reader.open(rig.ws)]
  const third = new Reader(rig.ws)
  await until('the close', () => third.closeCode !== undefined)
  expect(third.closeCode).toBe(4501)
  one.socket.close()
  await until('the place', () => one.closeCode !== undefined)
  await Reader.open(rig.ws)
})

test(`whatever the message, the parser answers or throws a coded error (seed ${seed})`, async () => {
  rig = await startGateway()
  const random = prng(seed)
  const words: unknown[] = [
    'subscribe',
    'ack',
    'BTC',
    '1m',
    '',
    null,
    -1,
    2 ** 40,
    Number.NaN,
    [],
    {},
    [[0, 0, 0]],
    true,
  ]
  const pick = () => words[Math.floor(random() * words.length)]
  for (let i = 0; i < 2_000; i++) {
    const message = random() < 0.1 ? pick() : { op: pick(), asset: pick(), timeframe: pick(), sequence: pick() }
    try {
      parseControl(message)
    } catch (error) {
      expect((error as { code: string }).code).toMatch(/^LMAP_REQUEST_/)
    }
  }
})
