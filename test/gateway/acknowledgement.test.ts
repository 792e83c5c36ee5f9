// Guards the short way that acknowledgements take: it accepts nothing that the schema of all messages would refuse, says
// the same where both accept, and takes what a client of ours sends.
import { expect, test } from 'vitest'
import { readAcknowledgement } from '../../src/gateway/acknowledgement.ts'
import { parseControl } from '../../src/gateway/control.ts'
import { limits } from '../../src/model/limits.ts'
import { prng } from '../reference/prng.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const read: [string, string, number][] = [
  ['BTC', '1m', 7],
  ['eth', '1d', 2 ** 32 - 1],
]

test('what clients send takes the short way', () => {
  const message = { op: 'ack', sequence: read }
  expect(readAcknowledgement(message)).toEqual(parseControl(message))
  expect(readAcknowledgement({ op: 'ack', sequence: [] })).toEqual({ op: 'ack', read: [] })
})

test(`of anything else it says what the schema says, or nothing (seed ${seed})`, () => {
  const random = prng(seed)
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const words = ['BTC', 'btc', 'NOPE', '__proto__', '', '1m', '2m', 'constructor']
  const numbers = [0, 1, -1, 1.5, 2 ** 32, 2 ** 32 - 1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, {}]
  let accepted = 0
  for (let round = 0; round < 20_000; round++) {
    const entry = () => {
      const whole = [one(words), one(words), random() < 0.5 ? 5 : one(numbers)]
      return one<unknown>([whole, whole, whole, whole.slice(1), [...whole, 1], 'BTC', null, { length: 3 }])
    }
    const sequence = one<unknown>([
      [['BTC', '1m', 5]],
      Array.from({ length: Math.floor(random() * 4) }, entry),
      Array(limits.clientStreamsMax + 1).fill(['BTC', '1m', 5]),
      { length: 1, 0: ['BTC', '1m', 5] },
      'BTC',
    ])
    const more = one([{}, {}, { extra: 1 }])
    const message = one<unknown>([
      { op: one(['ack', 'ack', 'resync', 1]), sequence, ...more },
      sequence,
      null,
      'ack',
      5,
    ])
    const short = readAcknowledgement(message)
    if (short === undefined) continue
    accepted++
    expect(short).toEqual(parseControl(message))
  }
  expect(accepted).toBeGreaterThan(100)
})
