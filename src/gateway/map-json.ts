import { BUCKETS, type LayerName, layers, usdOfCode } from '../model/layers.ts'
import type { Column } from '../wire/blocks.ts'

/** What of a stream a request has got hold of. */
export interface MapMoment {
  readonly asset: string
  readonly timeframe: string
  readonly timeframeMs: number
  readonly simulated: boolean
  readonly source: string
  readonly clockMs: number
  /** Oldest first. */
  readonly closed: Iterable<Column>
  readonly live: Column | undefined
}

/** The JSON of a map in pieces of about a column, so that a large one neither fills memory nor holds the thread. */
export function* mapJson(moment: MapMoment, wanted: readonly LayerName[]): Generator<string> {
  const { closed, live, ...head } = moment
  const writeColumn = columnWriter(wanted)
  yield `${JSON.stringify(head).slice(0, -1)},"columns":[`
  let separator = ''
  for (const column of closed) {
    yield separator + writeColumn(column, false)
    separator = ','
  }
  if (live !== undefined) yield separator + writeColumn(live, true)
  yield ']}'
}

function columnWriter(wanted: readonly LayerName[]): (column: Column, isLive: boolean) => string {
  const usd = usdTexts()
  return ({ cells, ...facts }, isLive) => {
    const texts = usd(facts.quantumUsd)
    const parts = wanted.map((name) => {
      const layer = layers.findIndex((known) => known.name === name)
      return `"${name}":${layerText(cells, layer * BUCKETS, facts.baseBucket, texts)}`
    })
    return `${JSON.stringify({ ...facts, isLive }).slice(0, -1)},"layers":{${parts.join(',')}}}`
  }
}

function layerText(cells: Uint8Array, from: number, baseBucket: number, texts: readonly string[]): string {
  let buckets = ''
  let usd = ''
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const code = cells[from + bucket]!
    if (code === 0) continue
    const separator = buckets === '' ? '' : ','
    buckets += separator + (baseBucket + bucket)
    usd += separator + texts[code]
  }
  return `{"buckets":[${buckets}],"usd":[${usd}]}`
}

/** Text of each code's USD. Three digits: a code says no more. */
function usdTexts(): (quantumUsd: number) => readonly string[] {
  const CODES = 256
  const digits = 3
  let known = 0
  let texts: string[] = []
  return (quantumUsd) => {
    if (quantumUsd !== known) {
      known = quantumUsd
      texts = Array.from({ length: CODES }, (_, code) =>
        String(Number(usdOfCode(code, quantumUsd).toPrecision(digits))),
      )
    }
    return texts
  }
}
