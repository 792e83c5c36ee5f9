import type { Realised } from './inputs.ts'
import { canonicalWidth, type MapAt, walkLedger } from './ledger.ts'
import type { Progress } from './progress-bar.ts'
import { type Hour, type Steps, warmUntilMs } from './steps.ts'
import type { WrittenColumn } from './table-file.ts'

export const mapColumns: readonly WrittenColumn[] = [
  { name: 'time', kind: 'time' },
  { name: 'side', kind: 'word' },
  { name: 'price', kind: 'number' },
  { name: 'usd', kind: 'number' },
]

/** Ten digits: a bucket's middle without the noise of its product. */
const PRICE_DIGITS = 10
/** Less than this reads 0.00. */
const USD_MIN = 0.005
/** The width of a bucket is chosen anew when price has moved so far from the one it was chosen for. */
const MISFIT = 2

/**
 * The map at the end of each hour behind the warm-up, one part of CSV an hour: what the live map would have shown, in
 * its buckets, up to `reach` (a part of the price) away. An hour's liquidations are not known to the map at its end.
 */
export function* hourlyMaps(
  core: WebAssembly.Module,
  steps: Steps,
  hours: readonly Hour[],
  liquidations: ReadonlyMap<number, Realised>,
  { reach, tick }: { readonly reach: number; readonly tick: number | undefined },
  progress: Progress,
): Generator<string> {
  const fromMs = warmUntilMs(hours)
  const last = new Set(hours.flatMap(({ timeMs, to }) => (timeMs >= fromMs ? [to - 1] : [])))
  const fitting = canonicalWidth(core, tick)
  let width = fitting(steps.close[0]!)
  const widthAt = (price: number): number => {
    const best = fitting(price)
    if (best / width >= MISFIT || width / best >= MISFIT) width = best
    return width
  }
  let done = 0
  for (const map of walkLedger(core, steps, hours, liquidations, fromMs, true, { steps: last, widthAt })) {
    progress('map', done++ / last.size)
    yield linesOf(map, steps, reach)
  }
}

function linesOf({ step, width, sides }: MapAt, { timeMs, close }: Steps, reach: number): string {
  const first = Math.max(0, Math.ceil((close[step]! * (1 - reach)) / width - 0.5))
  const lines: string[] = []
  for (const side of [0, 1] as const) {
    const end = Math.min(sides[side].length, (close[step]! * (1 + reach)) / width - 0.5)
    for (let cell = first; cell <= end; cell++) {
      const usd = sides[side][cell]!
      if (!(usd >= USD_MIN)) continue
      const price = Number(((cell + 0.5) * width).toPrecision(PRICE_DIGITS))
      lines.push(`${timeMs[step]},${side === 0 ? 'long' : 'short'},${price},${usd.toFixed(2)}\n`)
    }
  }
  return lines.join('')
}
