/**
 * The price grid of a symbol, taken from the decimal text of its tick: `0.10` is { scale: 1, step: 1 },
 * `0.5` is { scale: 1, step: 5 }, `5` is { scale: 0, step: 5 }.
 */
export interface TickGrid {
  /** Digits after the point. */
  readonly scale: number
  /** The tick in units of 10^-scale. */
  readonly step: number
}

export function tickGrid(tick: string): TickGrid {
  const decimal = parse(tick)
  if (decimal === undefined || !(decimal.mantissa > 0)) throw new Error(`not a tick size: ${tick}`)
  return decimal.scale < 0
    ? { scale: 0, step: decimal.mantissa * 10 ** -decimal.scale }
    : { scale: decimal.scale, step: decimal.mantissa }
}

/**
 * A price in ticks, exactly: whole where the price lies on the grid (no float comes between), a fraction where it does
 * not, NaN where the value is no price at all. Numbers are read through their shortest decimal text.
 */
export function ticksOf(value: unknown, grid: TickGrid): number {
  const decimal =
    typeof value === 'string' ? parse(value) : typeof value === 'number' ? parse(String(value)) : undefined
  if (decimal === undefined) return Number.NaN
  const shift = grid.scale - decimal.scale
  return shift >= 0 ? (decimal.mantissa * 10 ** shift) / grid.step : decimal.mantissa / (grid.step * 10 ** -shift)
}

const NUMBER = /^\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/

/** A size, a value or a time that is not negative; NaN for everything else (`''`, `null`, `'0x10'` and `[5]` included). */
export function decimalOf(value: unknown): number {
  if (typeof value === 'number') return value >= 0 && value < Number.POSITIVE_INFINITY ? value : Number.NaN
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : Number.NaN
}

/** value = mantissa * 10^-scale, trailing zeros dropped. */
interface Decimal {
  mantissa: number
  scale: number
}

function parse(text: string): Decimal | undefined {
  let mantissa = 0
  let digits = 0
  let scale = 0
  // Zeros count only once a later digit proves that they matter, so `61837.63000000` needs 7 digits and not 13.
  let zeros = 0
  let seenPoint = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === POINT) {
      if (seenPoint || digits === 0) return undefined
      seenPoint = true
      continue
    }
    if (code === LOWER_E || code === UPPER_E) return scientific(text)
    if (code < ZERO || code > NINE) return undefined
    digits++
    if (code === ZERO) zeros++
    else {
      mantissa = mantissa * 10 ** (zeros + 1) + (code - ZERO)
      zeros = 0
    }
    if (seenPoint) scale++
  }
  if (digits === 0) return undefined
  // More digits than a double holds: the nearest double is off the grid by less than anybody can trade.
  if (mantissa > Number.MAX_SAFE_INTEGER) return { mantissa: Number(text), scale: 0 }
  return { mantissa, scale: scale - zeros }
}

function scientific(text: string): Decimal | undefined {
  if (!NUMBER.test(text)) return undefined
  const at = text.search(/e/i)
  const decimal = parse(text.slice(0, at))
  if (decimal !== undefined) decimal.scale -= Number(text.slice(at + 1))
  return decimal
}

const ZERO = 48
const NINE = 57
const POINT = 46
const LOWER_E = 101
const UPPER_E = 69
