import { normalizeBookChanges } from 'tardis-dev'
import { Bench as Tinybench } from 'tinybench'
import type { VenueId } from '../../src/model/units.ts'
import { venueId } from '../../src/model/venues.ts'
import { createBinanceMapper } from '../../src/venues/binance/mapper.ts'
import { createBybitMapper } from '../../src/venues/bybit/mapper.ts'
import type { Mapper } from '../../src/venues/mapper.ts'
import { marketsOf } from '../../src/venues/mapper-market.ts'
import { BatchOut } from '../../src/venues/mapper-out.ts'
import { prng } from '../../test/reference/prng.ts'
import { binanceScript } from '../../test/venues/exchange/binance.ts'
import { bybitScript } from '../../test/venues/exchange/bybit.ts'
import { SampleMarket } from '../../test/venues/exchange/market.ts'

/** Nanoseconds for each level of a book's updates, from the text of the frame. */
export interface MappingNs {
  readonly venue: string
  /** Checked, chained, put into the book, and the changes written as a batch. */
  readonly ours: number
  /** Rows of numbers, no check, no book. */
  readonly plain: number
  /** Rows of numbers in the objects of tardis-dev, no book. */
  readonly peer: number
}

const SEED = 5
const LEVELS_PER_FRAME = 20
const T = 1_763_800_000_000

export async function measureMapping(frames: number, iterations: number): Promise<MappingNs[]> {
  return [await binance(frames, iterations), await bybit(frames, iterations)]
}

async function binance(count: number, iterations: number): Promise<MappingNs> {
  const { market, of, frames } = streamOf('binance', binanceScript, count)
  const symbol = of.symbol
  const snapshot = JSON.stringify(binanceScript.rest(depthAsk(symbol), market, T))
  const texts = frames()
  const peer = normalizeBookChanges('binance-futures', new Date(T))
  const peerBegin = { stream: 'btcusdt@depthSnapshot', generated: true, data: JSON.parse(snapshot) as unknown }
  drain(peer.map(peerBegin, new Date(T)))
  return measure('binance', texts, iterations, {
    mapper: createBinanceMapper(),
    begin: (mapper, out) => mapper.rest('book', symbol, snapshot, T, out),
    peer: (message) => drain(peer.map(message, new Date(T))),
  })
}

async function bybit(count: number, iterations: number): Promise<MappingNs> {
  const { market, of, frames } = streamOf('bybit', bybitScript, count)
  const first = bybitScript.first(`orderbook.200.${of.symbol}`, market, T)[0]!
  const texts = frames()
  const peer = normalizeBookChanges('bybit', new Date(T))
  return measure('bybit', texts, iterations, {
    mapper: createBybitMapper(),
    begin: (mapper, out) => mapper.frame(first, T, out),
    peer: (message) => drain(peer.map(message, new Date(T))),
  })
}

interface Ways {
  readonly mapper: Mapper
  /** Starts the book anew, so that each round chains up. */
  begin(mapper: Mapper, out: BatchOut): void
  peer(message: unknown): void
}

async function measure(venue: string, texts: string[], iterations: number, ways: Ways): Promise<MappingNs> {
  const out = new BatchOut()
  const levels = texts.reduce((sum, text) => sum + rowsOf(JSON.parse(text) as Frame), 0)
  const timed = new Tinybench({ iterations, time: 0, warmupIterations: 2, warmupTime: 0 })
  const { mapper, begin, peer } = ways
  timed.add(
    'ours',
    () => {
      for (const text of texts) {
        mapper.frame(text, T, out)
        if (out.bytes > 1 << 16) out.take()
      }
    },
    {
      beforeEach: () => {
        mapper.reset(T, out)
        begin(mapper, out)
        out.take()
      },
    },
  )
  let sum = 0
  timed.add('plain', () => {
    for (const text of texts) {
      const { data } = JSON.parse(text) as Frame
      for (const [price, size] of [...data.b, ...data.a]) sum += Number(price) + Number(size)
    }
  })
  timed.add('peer', () => {
    for (const text of texts) peer(JSON.parse(text))
  })
  await timed.run()
  if (!(sum > 0) || mapper.status().gaps > 0 || mapper.status().rejected > 0) throw new Error(`${venue}: not mapped`)
  const ns = (name: string): number => {
    const result = timed.getTask(name)?.result
    if (result?.state !== 'completed') throw new Error(`the task ${name} did not complete`)
    // Whatever else the machine does only ever adds to it.
    return (result.latency.min * 1e6) / levels
  }
  return { venue, ours: ns('ours'), plain: ns('plain'), peer: ns('peer') }
}

interface Frame {
  readonly data: { readonly b: [string, string][]; readonly a: [string, string][] }
}

function rowsOf({ data }: Frame): number {
  return data.b.length + data.a.length
}

/** A book as it is now, and frames of what happens next. */
function streamOf(venue: 'binance' | 'bybit', script: typeof binanceScript, count: number) {
  const markets = marketsOf(venueId(venue) as VenueId).filter(({ symbol }) => symbol === 'BTCUSDT')
  const market = new SampleMarket(markets, prng(SEED))
  const of = market.books[0]!
  const frames = (): string[] =>
    Array.from({ length: count }, () => script.frames(market.depth(of, LEVELS_PER_FRAME), T)[0]!.text)
  return { market, of, frames }
}

function depthAsk(symbol: string): { url: URL; body: string } {
  return { url: new URL(`http://venue/fapi/v1/depth?symbol=${symbol}`), body: '' }
}

function drain(rows: Iterable<unknown> | undefined): void {
  for (const row of rows ?? []) if (row === undefined) throw new Error('a row is something')
}
