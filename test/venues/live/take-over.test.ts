// Guards the change of sockets before a venue cuts them: no trade is missed, none is told twice, books stay right all the
// while, and a successor that never gets ready leaves the old socket alone. Sockets here may live for seconds.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { seed } from '../../reference/prng.ts'
import { openRig, type Rig } from '../exchange/rig.ts'
import { scripts } from '../exchange/scripts.ts'

const SOCKET_MS_MAX = 2_000
const CHANGES = 2
const TEST_MS_MAX = 30_000

describe.concurrent.each(scripts)('$venue', (script) => {
  const withRig = async (work: (rig: Rig) => Promise<void>): Promise<void> => {
    const rig = await openRig({ script, seed, protocol: (usual) => ({ ...usual, socketMsMax: SOCKET_MS_MAX }) })
    try {
      await rig.until('live', () => rig.state().state === 'live' && rig.state().booksLive === 3)
      await rig.settled()
      await work(rig)
    } finally {
      await rig.close()
    }
  }

  test(`sockets are replaced and nobody notices (seed ${seed})`, { timeout: TEST_MS_MAX }, () =>
    withRig(async (rig) => {
      const { exchange, state, until } = rig
      const before = exchange.market.prints - rig.prints()
      const sockets = state().sockets
      const wanted = sockets * (1 + CHANGES)
      await until(`changed ${CHANGES} times`, () => exchange.counts.connects >= wanted, TEST_MS_MAX)
      await until('down to one socket a lane', () => exchange.clients === sockets)
      await rig.settled()
      expect(state()).toMatchObject({ state: 'live', reconnects: 0, gaps: 0, rejected: 0 })
      expect(exchange.market.prints - rig.prints()).toBe(before)
      expect(rig.prints()).toBeGreaterThan(30)
      // Whole books follow a reset: nothing is ever told of a book that was not begun.
      const resets = rig.records.filter(({ kind }) => kind === 'bookReset').length
      expect(resets).toBeGreaterThanOrEqual(3 * CHANGES)
    }),
  )

  test('a successor that hears nothing is let go', { timeout: TEST_MS_MAX }, () =>
    withRig(async (rig) => {
      const { exchange, state, until } = rig
      const first = exchange.clients
      exchange.muteNew = true
      await until('joined by successors', () => exchange.clients > first, TEST_MS_MAX)
      await until('left by them', () => exchange.clients === first, TEST_MS_MAX)
      await sleep(200)
      await rig.settled()
      expect(state()).toMatchObject({ state: 'live', reconnects: 0, gaps: 0 })
    }),
  )

  test('the old socket dies while the new one gets ready', { timeout: TEST_MS_MAX }, () =>
    withRig(async (rig) => {
      const { exchange, state, until } = rig
      const first = exchange.clients
      await until('joined by successors', () => exchange.clients > first, TEST_MS_MAX)
      exchange.hangUp()
      await until('live again', () => state().state === 'live' && state().booksLive === 3)
      await rig.settled()
    }),
  )
})

test(`a venue that announces its cut finds the successor there (seed ${seed})`, { timeout: TEST_MS_MAX }, async () => {
  const script = scripts.find(({ venue }) => venue === 'okx')!
  const rig = await openRig({ script, seed })
  try {
    const { exchange, state, until } = rig
    await until('live', () => state().state === 'live' && state().booksLive === 3)
    await rig.settled()
    const before = exchange.market.prints - rig.prints()
    const first = exchange.clients
    exchange.say('{"event":"notice","code":"64008","msg":"The connection will soon be closed","connId":"a4d3ae55"}')
    await until('joined by successors', () => exchange.counts.connects === 2 * first)
    await until('left by the old ones', () => exchange.clients === first)
    await rig.settled()
    expect(state()).toMatchObject({ state: 'live', reconnects: 0, gaps: 0 })
    expect(exchange.market.prints - rig.prints()).toBe(before)
  } finally {
    await rig.close()
  }
})
