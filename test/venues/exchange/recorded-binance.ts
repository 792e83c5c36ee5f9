import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { binanceScript } from './binance.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

interface Depth {
  readonly u: number
  readonly b: readonly (readonly [string, string])[]
  readonly a: readonly (readonly [string, string])[]
}

/** Depth and trades as they are subscribed now; the recording used the fastest depth and raw trades. */
const DEPTH = 'btcusdt@depth@100ms'
const TRADES = 'btcusdt@aggTrade'

/** A recorded Binance stream, and beside it the book that it leaves: a plain map from price text to size text. */
export class RecordedBinance {
  readonly #lines: readonly string[]
  #at = 0
  readonly #sides: readonly [Map<string, string>, Map<string, string>] = [new Map(), new Map()]
  #last = 0
  /** Trades sent. */
  trades = 0

  /** Everything up to the recorded snapshot is skipped. */
  constructor(path: string) {
    const lines = gunzipSync(readFileSync(path)).toString().split('\n')
    const at = lines.findIndex((line) => line.includes('"lastUpdateId"'))
    const snapshot = JSON.parse(lines[at]!.slice(lines[at]!.indexOf('{'))) as {
      lastUpdateId: number
      bids: Depth['b']
      asks: Depth['a']
    }
    this.#set(snapshot.bids, snapshot.asks)
    this.#last = snapshot.lastUpdateId
    this.#lines = lines.slice(at + 1)
  }

  get isOver(): boolean {
    return this.#at >= this.#lines.length
  }

  /** Frames up to and including the next of depth; each has changed the book when it is handed out. */
  next(): TopicFrame[] {
    const frames: TopicFrame[] = []
    for (; !this.isOver; ) {
      const line = this.#lines[this.#at++]!
      const text = line.slice(line.indexOf('{'))
      if (text.includes('@trade"')) {
        frames.push({ topic: TRADES, text: text.replace('btcusdt@trade', TRADES) })
        // Others are no fills of the book, see the mapper.
        if (text.includes('"X":"MARKET"')) this.trades++
      } else if (text.includes('@depth@')) {
        const { data } = JSON.parse(text) as { data: Depth }
        if (data.u <= this.#last) continue
        this.#set(data.b, data.a)
        this.#last = data.u
        frames.push({ topic: DEPTH, text: text.replace('btcusdt@depth@0ms', DEPTH) })
        return frames
      }
    }
    return frames
  }

  /** Price to size, by side. */
  book(): Map<string, number> {
    const levels = new Map<string, number>()
    for (const [side, sizes] of this.#sides.entries()) {
      for (const [price, size] of sizes) levels.set(`${side}:${Number(price)}`, Number(size))
    }
    return levels
  }

  /** Binance, with this stream in the place of its market. */
  script(): VenueScript {
    return {
      ...binanceScript,
      rest: ({ url }) =>
        url.pathname === '/fapi/v1/depth'
          ? { lastUpdateId: this.#last, bids: [...this.#sides[0]], asks: [...this.#sides[1]] }
          : undefined,
    }
  }

  #set(bids: Depth['b'], asks: Depth['a']): void {
    for (const [side, rows] of [bids, asks].entries()) {
      for (const [price, size] of rows) {
        if (Number(size) === 0) this.#sides[side]!.delete(price)
        else this.#sides[side]!.set(price, size)
      }
    }
  }
}
