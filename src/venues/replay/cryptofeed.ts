import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { LmapError } from '../../model/errors.ts'
import type { VenueName } from '../../model/venues.ts'
import { createBinanceMapper } from '../binance/mapper.ts'
import { createBitgetMapper } from '../bitget/mapper.ts'
import { createBybitMapper } from '../bybit/mapper.ts'
import type { Mapper, MapperOptions } from '../mapper.ts'
import { createOkxMapper } from '../okx/mapper.ts'
import { openLines } from './lines.ts'
import { recordedMarkets } from './markets.ts'
import type { Recording, Step } from './recording.ts'

/** `<seconds>: <frame>`; in files of REST answers `<address> -> <seconds>: <body>`. */
const FRAME = /^(\d+(?:\.\d+)?): (.*)$/
const ANSWER = /^(https?:\/\/\S+) -> (\d+(?:\.\d+)?): (.*)$/
const OPENING = /^(wss?|https?):\/\/([^/\s]+)\S* (?:<->|<-|->) /

const hosts: Readonly<Record<string, { venue: VenueName; create: (options: MapperOptions) => Mapper }>> = {
  'fstream.binance.com': { venue: 'binance', create: createBinanceMapper },
  'stream.bybit.com': { venue: 'bybit', create: createBybitMapper },
  'ws.okx.com': { venue: 'okx', create: createOkxMapper },
  'ws.bitget.com': { venue: 'bitget', create: createBitgetMapper },
}
/** Hosts of REST answers, by which a file is recognised that holds nothing else. */
const answerHosts: readonly string[] = ['fapi.binance.com', 'api.bybit.com', 'www.okx.com', 'api.bitget.com']

export function isCryptofeed(lines: readonly string[]): boolean {
  return OPENING.test(lines[0] ?? '')
}

export function openCryptofeed(path: string, head: readonly string[], assets?: readonly string[]): Recording {
  const opening = OPENING.exec(head[0] ?? '')
  const host = (opening?.[2] ?? '').replace(/:\d+$/, '')
  const known = hosts[host]
  if (known === undefined) throw refusal(path, host)
  const mapper = known.create({ markets: recordedMarkets(known.venue, assets) })
  const file = openLines(path)
  let rejected = 0
  return {
    format: `${known.venue}, cryptofeed`,
    mapper,
    progress: file.progress,
    rejected: () => rejected,
    async *steps() {
      const answers = await answersOf(path, mapper)
      for await (const lines of file.lines()) {
        const steps: Step[] = []
        for (const line of lines) {
          const match = FRAME.exec(line)
          if (match === null) {
            // Openings and our own requests are told by their address.
            if (line !== '' && !OPENING.test(line)) rejected++
            continue
          }
          const receiveMs = Number(match[1]) * 1000
          while (answers[0] !== undefined && answers[0].receiveMs <= receiveMs) steps.push(answers.shift()!)
          const frame = match[2]!
          steps.push({ receiveMs, play: (out) => mapper.frame(frame, receiveMs, out) })
        }
        yield steps
      }
      yield answers
    },
  }
}

/** Books that were asked for while the stream ran: they lie in files beside it, `NAME.http.0.0` by `NAME.ws.1.0`. */
async function answersOf(path: string, mapper: Mapper): Promise<Step[]> {
  const name = basename(path).split('.ws.')[0]!
  const answers: Step[] = []
  for (const other of readdirSync(dirname(path)).sort()) {
    if (!other.startsWith(`${name}.`) || other === basename(path) || other.includes('.ws.')) continue
    for await (const lines of openLines(join(dirname(path), other)).lines()) {
      for (const line of lines) {
        const match = ANSWER.exec(line)
        const address = match === null ? undefined : new URL(match[1]!)
        if (address === undefined || !address.pathname.endsWith('/depth')) continue
        const symbol = address.searchParams.get('symbol') ?? ''
        const receiveMs = Number(match![2]) * 1000
        const body = match![3]!
        answers.push({ receiveMs, play: (out) => mapper.rest('book', symbol, body, receiveMs, out) })
      }
    }
  }
  return answers.sort((a, b) => a.receiveMs - b.receiveMs)
}

function refusal(path: string, host: string): LmapError {
  if (answerHosts.includes(host)) {
    const hint = 'Give the .ws file beside it: it finds these answers by itself.'
    return new LmapError('LMAP_FILE_FORMAT', `${path} holds REST answers and no stream.`, { hint })
  }
  const hint = 'Recordings of Binance, Bybit, OKX, Bitget and Hyperliquid can be replayed.'
  return new LmapError('LMAP_VENUE_UNKNOWN', `${path} was recorded at ${host}, which is not one of our venues.`, {
    hint,
  })
}
