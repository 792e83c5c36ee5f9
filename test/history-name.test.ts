// Guards that simulated and real never mix: which history a run belongs to, and where that lies on a server.
import { expect, test } from 'vitest'
import { historyNameOf, historyNames, historyUrl } from '../src/history-name.ts'

test('a run without one of our recordings has the name of its source', async () => {
  expect(await historyNameOf('simulator')).toBe('simulator')
  expect(await historyNameOf('live')).toBe('live')
  expect(await historyNameOf('replay', 'package.json')).toBe('replay')
  expect(await historyNameOf('replay', '/no/such/file')).toBe('replay')
})

test('each history has a database of its own, unless the address names one', () => {
  const addresses = historyNames.map((name) => historyUrl('http://user:a%2Fb@host:8123', name))
  expect(new Set(addresses).size).toBe(historyNames.length)
  expect(addresses).toContain('http://user:a%2Fb@host:8123/liquidity_map')
  expect(addresses).toContain('http://user:a%2Fb@host:8123/liquidity_map_replay_simulated')
  expect(historyUrl('http://host:8123/mine', 'simulator')).toBe('http://host:8123/mine')
  expect(historyUrl('not an address', 'live')).toBe('not an address')
})
