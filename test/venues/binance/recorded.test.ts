// Guards the splice on a real start of four streams (2021): REST books come in while updates are on their way. The symbols
// are outside our assets, so the mapper gets a table of its own, with the ticks that the venue named then. Two of the books
// still hold old orders off these ticks: what shares a tick must be its sum. The last books must equal plain rebuilds.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createBinanceMapper } from '../../../src/venues/binance/mapper.ts'
import { requirement, sharedMissing, sharedPath } from '../../requirements.ts'
import { bookOf, type Decoded } from '../decode.ts'
import { openSession, plainMarket } from '../session.ts'

const folder = 'recordings/cryptofeed'
const recorded = requirement('BINANCE_FUTURES', sharedMissing(folder))
const ticks = { SUSHIUSDT: '0.001', AKROUSDT: '0.00001', KEEPUSDT: '0.0001', CTKUSDT: '0.001' }

interface Body {
  lastUpdateId: number
  bids: [string, string][]
  asks: [string, string][]
}
interface Depth {
  s: string
  U: number
  u: number
  b: [string, string][]
  a: [string, string][]
}

describe.skipIf(recorded.skip)(recorded.title, () => {
  test('four books', () => {
    const answers = lines('BINANCE_FUTURES.http.0.0').flatMap((line) => {
      const match = /symbol=(\w+)\S* -> ([\d.]+): (.*)$/.exec(line)
      return match ? [{ symbol: match[1]!, at: Number(match[2]) * 1000, body: JSON.parse(match[3]!) as Body }] : []
    })
    const frames = lines('BINANCE_FUTURES.ws.1.0').flatMap((line) => {
      const match = /^([\d.]+): (.*)$/.exec(line)
      return match ? [{ at: Number(match[1]) * 1000, text: match[2]! }] : []
    })
    const markets = Object.entries(ticks).map(([symbol, tick], asset) => ({
      ...plainMarket('binance', symbol, tick),
      asset: asset as never,
    }))
    const session = openSession(createBinanceMapper, markets)
    const records: Decoded[] = []
    const waiting = [...answers]
    for (const frame of frames) {
      while (waiting[0] !== undefined && waiting[0].at <= frame.at) {
        const { symbol, at, body } = waiting.shift()!
        records.push(...session.rest('book', symbol, body, at))
      }
      records.push(...session.frame(frame.text, frame.at))
    }
    expect(session.mapper.status()).toMatchObject({ gaps: 0, rejected: 0, unknown: 0, offGrid: 131, booksLive: 4 })

    for (const [asset, [symbol, tick]] of Object.entries(ticks).entries()) {
      const { body } = answers.find((answer) => answer.symbol === symbol)!
      const levels = new Map<string, number>()
      const set = (side: number, rows: [string, string][]) => {
        for (const [price, size] of rows) levels.set(`${side}:${Number(price)}`, Number(size))
      }
      set(0, body.bids)
      set(1, body.asks)
      for (const { text } of frames) {
        if (!text.includes('"depthUpdate"') || !text.includes(`"${symbol}"`)) continue
        const { data } = JSON.parse(text) as { data: Depth }
        if (data.u < body.lastUpdateId) continue
        set(0, data.b)
        set(1, data.a)
      }
      const expected = new Map<string, number>()
      for (const [key, size] of levels) {
        const [side, price] = key.split(':')
        // Six digits behind the point are enough to find halves of a tick again.
        const rounded = Math.round(Number((Number(price) / Number(tick)).toFixed(6)))
        const whole = `${side}:${rounded}`
        // Below half a tick there is no tick to round to.
        if (size > 0 && rounded > 0) expected.set(whole, (expected.get(whole) ?? 0) + size)
      }
      const ours = bookOf(records.filter((record) => record.asset === asset))
      expect(ours.size, symbol).toBeGreaterThan(100)
      expect(new Map([...ours].sort())).toEqual(new Map([...expected].sort()))
    }
  })
})

function lines(name: string): string[] {
  return readFileSync(sharedPath(`${folder}/${name}`), 'utf8').split('\n')
}
