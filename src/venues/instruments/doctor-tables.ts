import { limits } from '../../model/limits.ts'
import { venueId, venues } from '../../model/venues.ts'
import type { Reach, Way } from './reach.ts'
import type { Finding } from './verify.ts'

/** Rows as text, columns as wide as they need to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  const line = (row: readonly string[]): string => row.map((cell, index) => cell.padEnd(widths[index]!)).join('  ')
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`
}

/** What is reachable, and why not. */
export function reachTable(reaches: readonly Reach[]): string {
  const rows = reaches.map((reach) => {
    const reasons = [reach.request, reach.stream].flatMap((way) => (way.isOpen ? [] : [way.reason]))
    return [
      '',
      labelOf(reach),
      cellOf(reach.request),
      cellOf(reach.stream),
      skewOf(reach),
      [...new Set(reasons)].join('; '),
    ]
  })
  return `${table([['', 'venue', 'request', 'stream', 'our clock', ''], ...rows])}${clockAdvice(reaches)}`
}

function cellOf(way: Way): string {
  return way.isOpen ? `ok ${Math.round(way.ms)} ms` : `NO ${way.kind}`
}

function skewOf({ skewMs }: Reach): string {
  if (skewMs === undefined) return '-'
  return `${skewMs < 0 ? '' : '+'}${Math.round(skewMs)} ms`
}

/** One venue's clock may be wrong; if most say the same, it is ours. */
function clockAdvice(reaches: readonly Reach[]): string {
  const skews = reaches.flatMap(({ skewMs }) => (skewMs === undefined ? [] : [skewMs]))
  const middle = skews.toSorted((a, b) => a - b)[skews.length >> 1]
  if (middle === undefined || Math.abs(middle) < limits.clockSkewWarnMs) return ''
  const seconds = (Math.abs(middle) / 1_000).toFixed(1)
  return `\n  The clock of this machine is ${seconds} s ${middle > 0 ? 'ahead' : 'behind'}: set it by NTP, or ages will be wrong.\n`
}

/** What the venues' documents leave open, and what the venues themselves showed. Differences first. */
export function findingTable(findings: readonly Finding[]): string {
  const order = (finding: Finding): number => (finding.agrees === false ? 0 : finding.agrees === undefined ? 1 : 2)
  const words = ['DIFFERS', 'open', 'as assumed']
  const rows = findings
    .toSorted((a, b) => order(a) - order(b))
    .map((finding) => ['', words[order(finding)]!, labelOf(finding), finding.point, finding.assumed, finding.found])
  return table([['', '', 'venue', 'point', 'assumed', 'found'], ...rows])
}

function labelOf({ venue }: { venue: Finding['venue'] }): string {
  return venues[venueId(venue)]!.label
}
