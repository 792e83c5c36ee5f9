// Guards what the page makes of a plan: what is locked and which plan would open it, whatever the server says of itself,
// and a key that is kept as long as the reader wanted and never longer.
import { describe, expect, test } from 'vitest'
import { readServerMessage } from '../../src/client/control.ts'
import { KEY_VERSION, KeyStore } from '../../src/web/key-store.ts'
import { planLock } from '../../src/web/plan-lock.ts'
import { Stored } from '../../src/web/stored.ts'
import { FRAME_VERSION } from '../../src/wire/frame.ts'
import { memoryStorage } from './memory-storage.ts'

function planOf(plan: unknown) {
  const lists = { assets: ['BTC'], timeframes: ['1m'], layers: [], venues: [] }
  const hello = { op: 'hello', version: FRAME_VERSION, server: 's', source: 't', ...lists, plan }
  const message = readServerMessage(JSON.stringify(hello))
  if (!('hello' in message)) throw new Error('no hello')
  return message.hello.plan
}

const free = { name: 'free', assets: ['BTC'], timeframes: ['1m'], modes: ['raw'], reports: [], columns: 60 }

test('what a plan lacks is locked, with the plan that has it', () => {
  const plan = planOf({ ...free, opens: { assets: { ETH: 'pro' }, modes: { hybrid: 'pro' }, columns: 'pro' } })
  expect(planLock(plan, 'assets', 'BTC')).toBeUndefined()
  expect(planLock(plan, 'assets', 'ETH')).toBe('Locked: plan free does not have ETH. Plan pro does.')
  expect(planLock(plan, 'timeframes', '1d')).toBe('Locked: plan free does not have 1d.')
  expect(plan?.opensColumns).toBe('pro')
})

test('without plans nothing is locked', () => {
  expect(planLock(planOf(undefined), 'assets', 'ETH')).toBeUndefined()
})

test.each([undefined, null, 5, [], { assets: 5, modes: { hybrid: 7 }, columns: 8 }])(
  'a server that says %j of other plans still has one of its own',
  (opens) => {
    const plan = planOf({ ...free, opens })
    expect(planLock(plan, 'assets', 'ETH')).toBe('Locked: plan free does not have ETH.')
    expect(plan?.opensColumns).toBeUndefined()
  },
)

describe('a key', () => {
  const key = 'ab-CD_0123456789.xyz'
  const open = (tab: Storage, browser: Storage) =>
    new KeyStore(new Stored(tab, 'key', KEY_VERSION), new Stored(browser, 'key', KEY_VERSION))

  test('lasts as long as the tab, or as the browser where that was wanted', () => {
    const [tab, browser] = [memoryStorage(), memoryStorage()]
    expect(open(tab, browser).set(key, false)).toBeUndefined()
    expect(open(tab, browser).key).toBe(key)
    expect(open(memoryStorage(), browser).key).toBeUndefined()
    open(tab, browser).set(key, true)
    expect(open(memoryStorage(), browser).key).toBe(key)
    open(tab, browser).forget()
    expect(open(tab, browser).key).toBeUndefined()
    expect([tab.length, browser.length]).toEqual([0, 0])
  })

  test.each(['', 'short', 'with space in it', 'line\nbreak-line', 'comma,comma', 'ключключключ', 'a'.repeat(5_000)])(
    '%j is none',
    (text) => {
      const [tab, browser] = [memoryStorage(), memoryStorage()]
      expect(open(tab, browser).set(text, true)).toMatch(/^A key has/)
      expect(open(tab, browser).key).toBeUndefined()
    },
  )

  test('that something else has left in its place is none', () => {
    const tab = memoryStorage()
    new Stored(tab, 'key', KEY_VERSION).write({ toString: 'x' })
    expect(open(tab, memoryStorage()).key).toBeUndefined()
    expect(new KeyStore(new Stored(undefined, 'key', 1), new Stored(undefined, 'key', 1)).set(key, true)).toMatch(
      /keeps nothing/,
    )
  })
})
