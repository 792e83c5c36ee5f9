import { CASCADE_DISTANCES } from '../model/cascade.ts'
import { BUCKETS, type LayerName, layers, usdOfCode } from '../model/layers.ts'
import type { Mode } from '../model/modes.ts'
import type { Column } from '../wire/blocks.ts'
import { keepSpan, type Range, spanOf } from '../wire/keep-range.ts'
import { etagOf } from './etag.ts'
import { cascadeText, channelsWriter } from './map-reading.ts'

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
  /** Equal where columns are equal, as long as the process runs. */
  readonly revision: string
}

/** How much of its columns. */
export interface MapPart {
  readonly layers: readonly LayerName[]
  /** Percent of price to either side, 0: all. */
  readonly range: Range
}

/** What belongs to the map as a whole. */
export interface MapFacts {
  readonly model: object
  readonly venues: readonly object[]
  /** The reading that was asked for, if one was. */
  readonly mode: { readonly asked: Mode; readonly shown: Mode; readonly reason?: string } | undefined
  /** False: a plan without predicted layers, whose holder may not have what is made of them either. */
  readonly hasCascade: boolean
}

/** Of a map that is written from these: the columns are known by the moment's revision. */
export function mapEtag(moment: MapMoment, { layers: names, range }: MapPart, facts: MapFacts): string {
  const { closed: _closed, live: _live, ...stream } = moment
  return etagOf(JSON.stringify([stream, names, range, facts]))
}

/** The JSON of a map in pieces of about a column, so that a large one neither fills memory nor holds the thread. */
export function* mapJson(moment: MapMoment, wanted: MapPart, facts: MapFacts): Generator<string> {
  const { closed, live, revision: _revision, ...stream } = moment
  const { hasCascade, ...told } = facts
  const writeColumn = columnWriter(wanted, facts.mode?.shown, hasCascade)
  const head = { ...stream, ...told, ...(hasCascade && { cascadeDistances: CASCADE_DISTANCES }) }
  yield `${JSON.stringify(head).slice(0, -1)},"columns":[`
  let separator = ''
  for (const column of closed) {
    yield separator + writeColumn(column, false)
    separator = ','
  }
  if (live !== undefined) yield separator + writeColumn(live, true)
  yield ']}'
}

function columnWriter(
  { layers: names, range }: MapPart,
  mode: Mode | undefined,
  hasCascade: boolean,
): (column: Column, isLive: boolean) => string {
  const usd = usdTexts()
  const channelsOf = mode === undefined ? undefined : channelsWriter(mode)
  return (column, isLive) => {
    const { cells, ...facts } = column
    const texts = usd(facts.quantumUsd)
    const cascade = hasCascade ? `,${cascadeText(column)}` : ''
    // The ratios need all that lies on the way; what is written after them does not.
    if (range !== 0)
      keepSpan(
        cells,
        isLive ? spanOf(column, column.close, column.close, range) : spanOf(column, column.low, column.high, range),
      )
    const parts = names.map((name) => {
      const layer = layers.findIndex((known) => known.name === name)
      return `"${name}":${layerText(cells, layer * BUCKETS, facts.baseBucket, texts)}`
    })
    const channels = channelsOf === undefined ? '' : `,${channelsOf(column)}`
    const head = JSON.stringify({ ...facts, isLive }).slice(0, -1)
    return `${head}${cascade}${channels},"layers":{${parts.join(',')}}}`
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
