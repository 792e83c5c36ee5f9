// Guards what pages of other origins may read: the element's script and readings of the market, with and without a key, and
// nothing else; a refusal can be read too, or the page could not say why it shows nothing.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isShared } from '../../src/gateway/cross-origin.ts'
import { type Rig, startGateway } from './rig.ts'

const origin = 'https://elsewhere.example'
let rig: Rig

beforeEach(async () => {
  rig = await startGateway()
})
afterEach(() => rig.gateway.stop())

const ask = (path: string, method = 'GET', headers = {}) =>
  fetch(rig.http + path, { method, headers: { origin, ...headers } })

test.each(['/api/v1/assets', '/api/v1/map?asset=BTC&timeframe=1m', '/api/v1/map?asset=NONE'])(
  '%s is readable elsewhere, whatever the answer',
  async (path) => {
    const answer = await ask(path)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    // With cookies of ours nothing would be handed out.
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  },
)

test('a browser that asks first may send a key, and may only read', async () => {
  const answer = await ask('/api/v1/score?asset=BTC', 'OPTIONS', {
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-headers')).toContain('authorization')
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
  expect(await answer.text()).toBe('')
})

test.each(['/', '/metrics', '/readyz', '/api/v1/sql?q=SELECT+1', '/api/v1/alerts', '/api/v1/openapi.json', '/nothing'])(
  '%s is not',
  async (path) => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(path, method)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  },
)

test('a path that only begins or ends like a shared one is not shared', () => {
  expect(isShared('/api/v1/reports/walls')).toBe(true)
  for (const path of ['/api/v1/reports', '/api/v1/mapx', '/x/api/v1/map', '/embed.js/x'])
    expect(isShared(path)).toBe(false)
})
