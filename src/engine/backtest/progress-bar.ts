/** Names a part of the work and how much of it is done, 0 to 1. */
export type Progress = (part: string, done: number) => void

/** Where a bar is drawn: standard error, as a rule. */
export interface BarOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface ProgressBar {
  /** One for each phase of the work, in order; their weights say how long each takes beside the others. */
  readonly phases: readonly Progress[]
  /** Takes the bar away, before anything else is printed. */
  clear(): void
}

const BAR_CELLS = 30
const PART_CHARS = 32
const LEFT_CHARS = 15
const MINUTE_S = 60

/** A bar with the time left over all phases; it draws nothing where there is no terminal. */
export function progressBar(output: BarOutput, nowMs: () => number, weights: readonly number[]): ProgressBar {
  const total = weights.reduce((a, b) => a + b, 0)
  const begunMs = nowMs()
  const draw = (part: string, done: number): void => {
    if (output.isTTY === true) output.write(`\r${barText(part, done, nowMs() - begunMs)}`)
  }
  let before = 0
  const phases = weights.map((weight): Progress => {
    const from = before / total
    before += weight
    return (part, done) => draw(part, from + (weight / total) * done)
  })
  // Erases to the end of the line, whatever stands there.
  return { phases, clear: () => output.isTTY === true && output.write('\r\u001b[K') }
}

function barText(part: string, done: number, tookMs: number): string {
  const cells = Math.round(done * BAR_CELLS)
  const bar = `${'#'.repeat(cells)}${'.'.repeat(BAR_CELLS - cells)}`
  const left = done > 0 && done < 1 ? timeLeft(((tookMs / done) * (1 - done)) / 1_000) : ''
  return `[${bar}] ${`${Math.floor(100 * done)} %`.padStart(5)} ${left.padEnd(LEFT_CHARS)} ${part.slice(0, PART_CHARS).padEnd(PART_CHARS)}`
}

function timeLeft(seconds: number): string {
  if (seconds < MINUTE_S) return `${seconds.toFixed(1)} s left`
  return `${Math.floor(seconds / MINUTE_S)} min ${Math.floor(seconds % MINUTE_S)} s left`
}
