import { MapChange } from '../client/map-state.ts'

/** How much has to be drawn anew; each level includes those below it. */
export const Level = { none: 0, cursor: 1, live: 2, columns: 3, full: 4 } as const

/** Gathers what is out of date and draws it once, in the next animation frame. */
export class Invalidation {
  readonly #draw: (level: number) => void
  #level: number = Level.none
  #frame = 0

  constructor(draw: (level: number) => void) {
    this.#draw = draw
  }

  invalidate(level: number): void {
    this.#level = Math.max(this.#level, level)
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#run)
  }

  cancel(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.#level = Level.none
  }

  readonly #run = (): void => {
    const level = this.#level
    this.#level = Level.none
    this.#frame = 0
    this.#draw(level)
  }
}

/** What a change of a map's data makes out of date. */
export function levelOf(change: number): number {
  if (change === MapChange.snapshot) return Level.full
  if (change === MapChange.columns) return Level.columns
  return change === MapChange.live ? Level.live : Level.cursor
}

/** Calls back when the next frame is painted. */
export function afterPaint(run: () => void): void {
  requestAnimationFrame(() => setTimeout(run))
}
