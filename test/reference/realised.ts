/** Plain twin of assembly/realised.ts: every liquidation is kept with its time, and weighed when it is asked for. */

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

interface Liquidation {
  venue: number
  cents: number
  timeMs: number
  /** Asset's clock when it was added: fading counts the ends of hours since. */
  clockMs: number
}

export class ReferenceRealised {
  /** Key: side and bucket. */
  readonly cells = new Map<string, Liquidation[]>()
  clockMs = 0

  clock(timeMs: number): void {
    const hour = Math.floor(timeMs / HOUR_MS)
    if (hour > Math.floor(this.clockMs / HOUR_MS)) {
      for (const [key, cell] of this.cells) {
        if (Math.max(...cell.map((one) => one.timeMs)) < hour * HOUR_MS - DAY_MS) this.cells.delete(key)
      }
    }
    this.clockMs = timeMs
  }

  add(venue: number, side: number, bucket: number, cents: number, timeMs: number): void {
    const key = `${side} ${bucket}`
    const cell = this.cells.get(key) ?? []
    this.cells.set(key, [...cell, { venue, cents, timeMs, clockMs: this.clockMs }])
  }

  /** USD by venue of one cell. */
  usd(key: string, venues: number): number[] {
    const usd = Array<number>(venues).fill(0)
    for (const { venue, cents, clockMs } of this.cells.get(key) ?? []) {
      const hours = Math.floor(this.clockMs / HOUR_MS) - Math.floor(clockMs / HOUR_MS)
      usd[venue]! += (cents / 100) * 0.5 ** (hours / 6)
    }
    return usd
  }
}
