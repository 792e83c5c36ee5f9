const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** Spans that a track can show; 'all' is what is stored. */
export const spans = [
  { name: '6h', label: '6 h', ms: 6 * HOUR_MS },
  { name: '1d', label: '1 d', ms: DAY_MS },
  { name: '1w', label: '1 w', ms: 7 * DAY_MS },
  { name: '1mo', label: '30 d', ms: 30 * DAY_MS },
  { name: 'all', label: 'All', ms: undefined },
] as const
export type SpanName = (typeof spans)[number]['name']

/** Times between which a track lies. */
export interface TrackView {
  readonly startMs: number
  readonly endMs: number
}

/** A track never shows less. */
const SPAN_MS_MIN = 30 * MINUTE_MS
const TICK_PX_MIN = 78
const tickStepsMs = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730].map((count) => count * DAY_MS),
]

/** The end is now; a moment before the span moves it, so that the moment is in its middle. */
export function trackView(span: SpanName, nowMs: number, atMs: number | undefined, firstMs: number): TrackView {
  const known = firstMs > 0 ? nowMs - firstMs : 0
  const spanMs = Math.max(SPAN_MS_MIN, spans.find(({ name }) => name === span)!.ms ?? known)
  if (atMs === undefined || atMs >= nowMs - spanMs) return { startMs: nowMs - spanMs, endMs: nowMs }
  return { startMs: atMs - spanMs / 2, endMs: atMs + spanMs / 2 }
}

/** The span to begin with: four maps long, or all there is where that is less. */
export function usualSpan(columnsMs: number, nowMs: number, firstMs: number): SpanName {
  const known = firstMs > 0 ? nowMs - firstMs : 0
  if (known > 0 && known <= 4 * columnsMs) return 'all'
  return spans.find(({ ms }) => ms === undefined || ms >= 4 * columnsMs)!.name
}

/** Round times with room for their names, oldest first. */
export function trackTicks({ startMs, endMs }: TrackView, widthPx: number): { ms: number; text: string }[] {
  const most = Math.max(1, Math.floor(widthPx / TICK_PX_MIN))
  const stepMs = tickStepsMs.find((ms) => (endMs - startMs) / ms <= most) ?? tickStepsMs.at(-1)!
  const ticks: { ms: number; text: string }[] = []
  for (let ms = Math.ceil(startMs / stepMs) * stepMs; ms <= endMs; ms += stepMs) {
    ticks.push({ ms, text: tickText(ms, stepMs) })
  }
  return ticks
}

function tickText(ms: number, stepMs: number): string {
  const iso = new Date(ms).toISOString()
  return stepMs >= DAY_MS || ms % DAY_MS === 0 ? iso.slice(5, 10) : iso.slice(11, 16)
}

export interface TrackFacts {
  readonly view: TrackView
  readonly nowMs: number
  /** The moment shown; undefined: now. */
  readonly atMs: number | undefined
  /** 0: nothing is stored. */
  readonly firstMs: number
  /** The moment in words. */
  readonly text: string
}

/** A lane of time with a thumb: what is stored, where we are in it, and a time below the pointer. */
export class TimeTrack {
  readonly element = document.createElement('div')
  readonly #kept = part('kept')
  readonly #passed = part('passed')
  readonly #ticks = part('ticks')
  readonly #thumb = part('thumb')
  readonly #hint = part('hint')
  #facts: TrackFacts | undefined
  #tickKey = ''

  /** `onDrag` is called with a time for every move of a drag, and with `isDone` at its end. */
  constructor(onDrag: (ms: number, isDone: boolean) => void, textOf: (ms: number) => string) {
    const { element } = this
    element.className = 'track'
    element.tabIndex = 0
    element.setAttribute('role', 'slider')
    element.setAttribute('aria-label', 'Time')
    const lane = part('lane')
    lane.append(this.#kept, this.#passed)
    element.append(lane, this.#ticks, this.#thumb, this.#hint)
    let pointer: number | undefined
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || this.#facts === undefined) return
      pointer = event.pointerId
      element.setPointerCapture(pointer)
      element.focus({ preventScroll: true })
      onDrag(this.#timeAt(event), false)
      event.preventDefault()
    })
    element.addEventListener('pointermove', (event) => {
      if (this.#facts === undefined) return
      const ms = this.#timeAt(event)
      this.#hint.textContent = textOf(ms)
      this.#hint.style.left = `${this.#percentOf(ms)}%`
      if (pointer === event.pointerId) onDrag(ms, false)
    })
    const end = (event: PointerEvent): void => {
      if (pointer !== event.pointerId) return
      pointer = undefined
      onDrag(this.#timeAt(event), true)
    }
    element.addEventListener('pointerup', end)
    element.addEventListener('pointercancel', end)
  }

  show(facts: TrackFacts): void {
    this.#facts = facts
    const { view, nowMs, atMs, firstMs, text } = facts
    const { element } = this
    const kept = firstMs === 0 ? 100 : this.#percentOf(firstMs)
    const here = this.#percentOf(atMs ?? nowMs)
    this.#kept.style.left = `${kept}%`
    this.#kept.style.right = `${100 - this.#percentOf(nowMs)}%`
    this.#passed.style.left = `${Math.min(kept, here)}%`
    this.#passed.style.right = `${100 - here}%`
    this.#thumb.style.left = `${here}%`
    element.setAttribute('aria-valuemin', String(firstMs === 0 ? view.startMs : firstMs))
    element.setAttribute('aria-valuemax', String(nowMs))
    element.setAttribute('aria-valuenow', String(Math.round(atMs ?? nowMs)))
    element.setAttribute('aria-valuetext', text)
    this.#showTicks(view)
  }

  #showTicks(view: TrackView): void {
    const ticks = trackTicks(view, this.element.clientWidth)
    const key = `${view.startMs} ${view.endMs} ${this.element.clientWidth}`
    if (key === this.#tickKey) return
    this.#tickKey = key
    this.#ticks.replaceChildren(
      ...ticks.map(({ ms, text }) => {
        const tick = part('tick')
        tick.textContent = text
        tick.style.left = `${this.#percentOf(ms)}%`
        return tick
      }),
    )
  }

  #timeAt(event: PointerEvent): number {
    const { left, width } = this.element.getBoundingClientRect()
    const { startMs, endMs } = this.#facts!.view
    const share = Math.max(0, Math.min(1, (event.clientX - left) / Math.max(1, width)))
    return startMs + share * (endMs - startMs)
  }

  #percentOf(ms: number): number {
    const { startMs, endMs } = this.#facts!.view
    return Math.max(0, Math.min(100, ((ms - startMs) / (endMs - startMs)) * 100))
  }
}

function part(className: string): HTMLElement {
  const element = document.createElement('div')
  element.className = className
  return element
}
