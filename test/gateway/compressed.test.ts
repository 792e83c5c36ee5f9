// Guards that large readings of the market travel compressed, for who takes them so, and that nothing else does: small answers,
// bodies in pieces, refusals, and what is not the same for everybody; and that compressing is bounded.
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressed } from '../../src/gateway/compressed.ts'
import { isKnown } from '../../src/gateway/etag.ts'
import { jsonReply, type Reply, type Request } from '../../src/gateway/reply.ts'
import { wallRow } from '../model/report-samples.ts'
import { startGateway } from './rig.ts'

const sources = {
  liquidity: async () => undefined,
  model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
  scores: async () => [],
  at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
  ask: undefined,
}
const limits = { compressBytesMin: 100, compressionsMax: 2 }
const text = JSON.stringify({ rows: Array.from({ length: 50 }, (_, row) => ({ row, kind: 'wall' })) })

function request(more: Partial<Request> = {}): Request {
  return { path: '/api/v1/reports/walls', acceptEncoding: 'gzip, deflate, br', ...more } as Request
}

const answering = (reply: Reply) => compressed(() => Promise.resolve(reply), limits)
const headerOf = (reply: Reply, name: string) => reply.headers.find(([known]) => known === name)?.[1]

test('a large reading is sent as gzip, with a weak tag that is still known', async () => {
  const plain = jsonReply(200, text)
  const reply = await answering({ ...plain, headers: [...plain.headers, ['etag', '"abc"']] })(request())
  expect(headerOf(reply, 'content-encoding')).toBe('gzip')
  expect(headerOf(reply, 'vary')).toBe('accept-encoding')
  expect(headerOf(reply, 'etag')).toBe('W/"abc"')
  expect(isKnown('"abc"', headerOf(reply, 'etag')!)).toBe(true)
  expect(gunzipSync(reply.body as Uint8Array).toString()).toBe(text)
})

test.each<[string, Partial<Request>, Reply]>([
  ['who does not take it', { acceptEncoding: 'br, gzip;q=0' }, jsonReply(200, text)],
  ['a small answer', {}, jsonReply(200, { rows: [] })],
  ['a refusal', {}, jsonReply(400, text)],
  ['alert rules, which have secrets', { path: '/api/v1/alerts' }, jsonReply(200, text)],
  ['a body in pieces', {}, jsonReply(200, [text, text])],
])('%s is answered as it is', async (_, more, given) => {
  const reply = await answering(given)(request(more))
  expect(headerOf(reply, 'content-encoding')).toBeUndefined()
  expect(reply.body).toBe(given.body)
})

test('more at a time than may be go out as they are, and later ones are compressed again', async () => {
  const answer = answering(jsonReply(200, text))
  const replies = await Promise.all(Array.from({ length: 5 }, () => answer(request())))
  const encodings = replies.map((reply) => headerOf(reply, 'content-encoding'))
  expect(encodings.filter((encoding) => encoding === 'gzip')).toHaveLength(limits.compressionsMax)
  // Caches in between are told for both.
  expect(replies.every((reply) => headerOf(reply, 'vary') === 'accept-encoding')).toBe(true)
  expect(headerOf(await answer(request()), 'content-encoding')).toBe('gzip')
})

test('over HTTP a reading reads the same compressed and plain, and is not sent twice', async () => {
  const rows = Array.from({ length: 60 }, (_, number) => wallRow({ id: `w${number}` }))
  const rig = await startGateway({ readings: { ...sources, reports: async () => ({ rows, next: undefined }) } })
  try {
    const url = `${rig.http}/api/v1/reports/walls?asset=BTC`
    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
    const small = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(small.headers.get('content-encoding')).toBe('gzip')
    const read = await small.text()
    expect(read).toBe(await plain.text())
    expect(JSON.parse(read).rows).toHaveLength(rows.length)
    const again = await fetch(url, { headers: { 'if-none-match': small.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  } finally {
    await rig.gateway.stop()
  }
})
