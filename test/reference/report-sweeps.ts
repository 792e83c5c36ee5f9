/** Sweeps of a whole recording: its prints are cut into chains, and each chain is judged by itself. */
import type { History, Print } from './report-history.ts'

const SPAN_MS = 500
const SPANS = 1_800

export interface ReferenceSweep {
  readonly taker: number
  readonly firstMs: number
  readonly endMs: number
  readonly usd: number
  readonly levels: number
  readonly bucket: number
}

export function referenceSweeps(history: History, floorUsd: number): ReferenceSweep[] {
  return [0, 1]
    .flatMap((taker) => {
      const prints = history.prints.filter((print) => print.taker === taker)
      const usual = baselines(prints)
      return chainsOf(prints).flatMap((chain) => sweepOf(chain, taker, usual, floorUsd))
    })
    .sort((a, b) => a.firstMs - b.firstMs || a.taker - b.taker)
}

function chainsOf(prints: readonly Print[]): Print[][] {
  const chains: Print[][] = []
  let lastMs = 0
  for (const print of prints) {
    const chain = chains.at(-1)
    if (chain === undefined || print.ms - lastMs > 100 || print.ms - chain[0]!.ms > 500) {
      chains.push([print])
      lastMs = print.ms
    } else {
      chain.push(print)
      lastMs = Math.max(lastMs, print.ms)
    }
  }
  return chains
}

function sweepOf(
  chain: readonly Print[],
  taker: number,
  usual: (ms: number) => [number, number],
  floorUsd: number,
): ReferenceSweep[] {
  const first = chain[0]!
  const onward = (from: number, to: number): boolean => (taker === 0 ? to > from : to < from)
  const extreme = chain.reduce((far, print) => (onward(far, print.tick) ? print.tick : far), first.tick)
  // What follows the farthest price was something else.
  const part = chain.slice(0, chain.findLastIndex((print) => print.tick === extreme) + 1)
  const records: Print[] = []
  for (const print of part) if (records.length === 0 || onward(records.at(-1)!.tick, print.tick)) records.push(print)
  const ticks = Math.abs(extreme - first.tick)
  if (records.length < 3 || ticks < 3 || ticks < 1.5 * first.spread || ticks < 0.00015 * first.tick) return []
  const moves = part
    .slice(1)
    .map((print, i) => [part[i]!.tick, print.tick] as const)
    .filter(([from, to]) => from !== to)
  if (moves.filter(([from, to]) => onward(from, to)).length < 0.8 * moves.length) return []
  const usd = part.reduce((sum, print) => sum + print.usd, 0)
  const [mean, deviation] = usual(first.ms)
  if (usd < floorUsd || usd < mean + 3 * deviation) return []
  if (usd < 0.6 * depthOf(part, records, taker)) return []
  return [
    { taker, firstMs: first.ms, endMs: part.at(-1)!.ms, usd, levels: records.length, bucket: part.at(-1)!.bucket },
  ]
}

/** What rested on the way: at each new price what was found or traded there, and what lay between it and the next. */
function depthOf(part: readonly Print[], records: readonly Print[], taker: number): number {
  let depth = 0
  for (const [i, print] of records.entries()) {
    const next = records[i + 1]
    const until = next === undefined ? part.length : part.indexOf(next)
    const traded = part.slice(part.indexOf(print), until).filter((one) => one.tick === print.tick)
    const usd = traded.reduce((sum, one) => sum + one.usd, 0)
    if (next === undefined) return depth + usd
    depth += Math.max(usd, print.resting.get(print.tick) ?? 0)
    for (const [tick, resting] of next.resting) {
      if (taker === 0 ? tick > print.tick && tick < next.tick : tick < print.tick && tick > next.tick) depth += resting
    }
  }
  return depth
}

/** Mean and deviation of the USD of half seconds before a time, outliers cut at ten deviations. */
function baselines(prints: readonly Print[]): (ms: number) => [number, number] {
  const spans = new Map<number, number>()
  for (const print of prints) {
    const span = Math.floor(print.ms / SPAN_MS)
    spans.set(span, (spans.get(span) ?? 0) + print.usd)
  }
  const known = new Map<number, [number, number]>()
  let [mean, square, count] = [0, 0, 0]
  const deviation = (): number => Math.sqrt(Math.max(0, square - mean * mean))
  const keys = [...spans.keys()].sort((a, b) => a - b)
  for (const [i, span] of keys.entries()) {
    known.set(span, [mean, deviation()])
    const empty = Math.min((keys[i + 1] ?? span + 1) - span - 1, SPANS)
    for (const traded of [spans.get(span)!, ...Array<number>(empty).fill(0)]) {
      count = Math.min(SPANS, count + 1)
      const most = mean + 10 * deviation()
      const usd = count > 120 ? Math.min(traded, most) : traded
      mean += (usd - mean) / count
      square += (usd * usd - square) / count
    }
  }
  return (ms) => known.get(Math.floor(ms / SPAN_MS))!
}
