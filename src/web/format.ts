const units = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const

/** $12.3M: three digits that matter. */
export function formatUsd(usd: number): string {
  for (const [size, suffix] of units) {
    // 999,950 would read 1000K: it belongs to the next unit already.
    if (usd >= size * 0.9995) return `$${trim(usd / size)}${suffix}`
  }
  return usd > 0 ? `$${trim(usd)}` : '$0'
}

function trim(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}

/** +1.7 %: a part as people read it. */
export function formatDistance(part: number): string {
  const percent = Math.abs(part) * 100
  return `${part < 0 ? '−' : '+'}${percent.toFixed(percent < 9.95 ? 1 : 0)} %`
}

/** Decimals that show a step of the price grid. */
export function decimalsOf(tick: number): number {
  const text = tick.toFixed(12).replace(/0+$/, '')
  return text.length - text.indexOf('.') - 1
}

/** 64,250.5 */
export function formatPrice(price: number, decimals: number): string {
  // By hand: an axis prints many in each frame, and the browser's own number formats take 20 ms to begin with.
  const text = price.toFixed(decimals)
  const end = decimals > 0 ? text.length - decimals - 1 : text.length
  return text.slice(0, end).replace(/\B(?=(\d{3})+$)/g, ',') + text.slice(end)
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

/** 2026-08-22 14:05 UTC */
export function formatTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** 14:05:09 UTC */
export function formatClock(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(11, 19)} UTC`
}

export function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
