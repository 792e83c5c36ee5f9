import { createBinanceMapper } from '../binance/mapper.ts'
import { openLines } from './lines.ts'
import { binanceSpotMarkets, recordedMarkets } from './markets.ts'
import type { Recording, Step } from './recording.ts'

const LINE = /^(\d{19}) (\{.*)$/

/** `<local time in ns> <frame as sent>`, Binance USD-M, COIN-M or spot, the REST snapshot among the frames. */
export function isHftbacktest(lines: readonly string[]): boolean {
  return LINE.test(lines[0] ?? '')
}

export function openHftbacktest(path: string, head: readonly string[], assets?: readonly string[]): Recording {
  const file = openLines(path)
  const isSpot = isSpotRecording(head)
  const mapper = createBinanceMapper({
    markets: isSpot ? binanceSpotMarkets(assets) : recordedMarkets('binance', assets),
  })
  let symbol = ''
  let rejected = 0

  function step(line: string): Step | undefined {
    const match = LINE.exec(line)
    if (match === null) return undefined
    const frame = match[2]!
    // Nanoseconds do not fit a double; milliseconds are the first thirteen digits.
    const receiveMs = Number(match[1]!.slice(0, 13))
    if (!frame.startsWith('{"lastUpdateId"')) {
      symbol ||= symbolOf(frame)
      return { receiveMs, play: (out) => mapper.frame(frame, receiveMs, out) }
    }
    // A spot snapshot does not say whose it is; a recording has one symbol.
    const asked = symbol
    return { receiveMs, play: (out) => mapper.rest('book', asked, frame, receiveMs, out) }
  }

  return {
    format: isSpot ? 'Binance spot, hftbacktest' : 'Binance futures, hftbacktest',
    mapper,
    progress: file.progress,
    rejected: () => rejected,
    async *steps() {
      for await (const lines of file.lines()) {
        const steps: Step[] = []
        for (const line of lines) {
          const made = step(line)
          if (made !== undefined) steps.push(made)
          else if (line !== '') rejected++
        }
        yield steps
      }
    },
  }
}

function symbolOf(frame: string): string {
  return /"s":"([^"]+)"/.exec(frame)?.[1] ?? ''
}

/** Depth updates of futures name their predecessor, those of spot do not. */
function isSpotRecording(head: readonly string[]): boolean {
  const depth = head.find((line) => line.includes('"depthUpdate"'))
  return depth !== undefined && !depth.includes('"pu":')
}
