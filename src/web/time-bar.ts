import type { HistoryExtent } from '../client/extent.ts'
import { COLUMNS, timeframeId, timeframes } from '../model/timeframes.ts'
import { formatAge, formatTime } from './format.ts'
import { speeds, TimePlay } from './time-play.ts'
import { type SpanName, spans, TimeTrack, trackView, usualSpan } from './time-track.ts'
import { fieldText, TIME_HINT, typedMoment } from './time-words.ts'

const MINUTE_MS = 60_000
const TICK_MS = 100
/** History grows and, where it could not be asked for, may have come back. */
const EXTENT_MS = 30_000
/** Columns that one press of Page Up passes, and that play goes back where it begins at the present. */
const PAGE_COLUMNS = 60
/** Until it was asked for. */
const NOTHING: HistoryExtent = { kept: true, firstMs: 0, endMs: 0 }

export interface TimeBarOptions {
  readonly loadExtent: (asset: string, timeframe: string) => Promise<HistoryExtent>
  readonly now: () => number
  /** The market's clock: that of a replay is not ours. */
  readonly present: () => number
  /** To a moment, undefined: to the present. `isStep`: on the way of a drag or of play, not a place to come back to. */
  readonly go: (atMs: number | undefined, isStep: boolean) => void
  /** A moment that will be asked for soon. */
  readonly prepare: (atMs: number) => void
  /** Once more, after a fault. */
  readonly retry: () => void
}

export interface TimeBarFacts {
  readonly asset: string
  readonly timeframe: string
  /** The moment that is asked for; undefined: now. */
  readonly atMs: number | undefined
  readonly isReading: boolean
  /** Why it could not be read. */
  readonly fault: string | undefined
  /** Why there is no past to be had, in a sentence. */
  readonly lock: string | undefined
  /** Whether it is known yet what there is to be had. */
  readonly isGreeted: boolean
}

const markup = `
<div class="steps">
  <button type="button" class="back" title="One column back (←)" aria-label="One column back"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3 3h2v10H3zM13 3v10L6 8z"/></svg></button>
  <button type="button" class="play"><svg viewBox="0 0 16 16" aria-hidden="true"><path class="go" d="M4 2.5v11L13.5 8z"/><path class="halt" d="M4 3h3v10H4zM9 3h3v10H9z"/></svg></button>
  <button type="button" class="forth" title="One column forward (→)" aria-label="One column forward"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M11 3h2v10h-2zM3 3v10l7-5z"/></svg></button>
  <select class="speed" aria-label="Speed" title="How fast the past is played"></select>
</div>
<div class="way"></div>
<select class="span" aria-label="Time shown on the bar" title="Time shown on the bar"></select>
<label class="moment"><input type="text" inputmode="text" spellcheck="false" autocomplete="off" aria-label="Time (UTC)" maxlength="40"><span>UTC</span></label>
<button type="button" class="live" title="Back to the present (End)"><i class="dot"></i><span>Live</span></button>
<p class="said" role="status"></p>`

/** <time-bar>: which moment the map shows. Drag or type a time, play, step, back to live. */
export class TimeBar extends HTMLElement {
  readonly #play = new TimePlay()
  readonly #track = new TimeTrack((ms, isDone) => this.#drag(ms, isDone), formatTime)
  #options: TimeBarOptions | undefined
  #facts: TimeBarFacts | undefined
  #extent: HistoryExtent = NOTHING
  #extentKey = ''
  #extentMs = 0
  #extentFault = ''
  #span: SpanName | undefined
  /** Where a drag is. */
  #draggedMs: number | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  start(options: TimeBarOptions): void {
    this.#options = options
    this.innerHTML = markup
    this.setAttribute('role', 'group')
    this.setAttribute('aria-label', 'Time')
    this.#part('.way').append(this.#track.element)
    this.#wireButtons()
    this.#wireField()
    this.addEventListener('keydown', (event) => {
      if ((event.target as Element).matches('.track') && this.key(event)) event.preventDefault()
    })
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    // The ticks of the track depend on its width.
    new ResizeObserver(() => this.#draw()).observe(this)
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer)
  }

  show(facts: TimeBarFacts): void {
    const before = this.#facts
    this.#facts = facts
    const isElsewhere = before?.asset !== facts.asset || before.timeframe !== facts.timeframe
    if (facts.atMs === undefined) this.#play.pause()
    // Somebody else has gone to another moment.
    else if (facts.atMs !== before?.atMs && Math.floor(this.#play.momentMs / MINUTE_MS) * MINUTE_MS !== facts.atMs) {
      this.#play.pause()
      this.#play.place(facts.atMs)
    }
    if (isElsewhere) {
      this.#play.pause()
      this.#askExtent()
    }
    this.#draw()
  }

  /** Takes a key that was pressed on the bar or on nothing in particular. Answers whether it meant something. */
  key(event: KeyboardEvent): boolean {
    if (this.#facts === undefined || event.ctrlKey || event.metaKey || event.altKey) return false
    const columns = event.shiftKey ? 10 : 1
    if (event.key === 'ArrowLeft') this.#step(-columns)
    else if (event.key === 'ArrowRight') this.#step(columns)
    else if (event.key === 'PageUp') this.#step(-PAGE_COLUMNS)
    else if (event.key === 'PageDown') this.#step(PAGE_COLUMNS)
    else if (event.key === ' ') this.#toggle()
    else if (event.key === 'Home') this.#toFirst()
    else if (event.key === 'End') this.#go(undefined, false)
    else return false
    return true
  }

  get #columnMs(): number {
    return timeframes[timeframeId(this.#facts!.timeframe)]!.ms
  }

  get #isLocked(): boolean {
    return this.#facts?.lock !== undefined || !this.#extent.kept
  }

  /** The moment that the reader means: a drag's, else what was asked for. */
  get #meantMs(): number | undefined {
    return this.#draggedMs ?? (this.#play.isPlaying ? this.#play.momentMs : this.#facts?.atMs)
  }

  #part<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    return this.querySelector<Type>(selector)!
  }

  #wireButtons(): void {
    this.#part('.back').addEventListener('click', () => this.#step(-1))
    this.#part('.forth').addEventListener('click', () => this.#step(1))
    this.#part('.play').addEventListener('click', () => this.#toggle())
    this.#part('.live').addEventListener('click', () => this.#go(undefined, false))
    this.#part('.said').addEventListener('click', (event) => {
      if ((event.target as Element).matches('button')) this.#options!.retry()
    })
    const speed = this.#part<HTMLSelectElement>('.speed')
    for (const one of speeds) speed.add(new Option(`${one}×`, String(one), one === this.#play.speed))
    speed.value = String(this.#play.speed)
    speed.addEventListener('change', () => {
      this.#play.speed = speeds.find((one) => String(one) === speed.value) ?? 1
    })
    const span = this.#part<HTMLSelectElement>('.span')
    for (const { name, label } of spans) span.add(new Option(label, name))
    span.addEventListener('change', () => {
      this.#span = spans.find(({ name }) => name === span.value)!.name
      this.#draw()
    })
  }

  #wireField(): void {
    const field = this.#part<HTMLInputElement>('.moment input')
    field.title = TIME_HINT
    field.addEventListener('focus', () => field.select())
    field.addEventListener('input', () => this.#mark(field, ''))
    field.addEventListener('blur', () => {
      this.#mark(field, '')
      this.#draw()
    })
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        field.value = ''
        field.blur()
      }
      if (event.key !== 'Enter') return
      const nowMs = this.#options!.present()
      const typed = typedMoment(field.value, this.#meantMs ?? nowMs, nowMs)
      if (typed === undefined) return this.#mark(field, `Not a time. ${TIME_HINT}`)
      field.blur()
      this.#go(typed === 'now' ? undefined : typed, false)
    })
  }

  #mark(field: HTMLInputElement, fault: string): void {
    field.setCustomValidity(fault)
    field.setAttribute('aria-invalid', String(fault !== ''))
    if (fault !== '') this.#say(fault)
  }

  #go(atMs: number | undefined, isStep: boolean): void {
    this.#play.pause()
    this.#draggedMs = undefined
    this.#place(atMs, isStep)
  }

  /** What is not before now is now. */
  #place(atMs: number | undefined, isStep: boolean): void {
    if (this.#isLocked && atMs !== undefined) return
    const isPast = atMs !== undefined && atMs < this.#options!.present()
    if (isPast) this.#play.place(atMs)
    this.#options!.go(isPast ? Math.max(0, Math.floor(atMs)) : undefined, isStep)
    this.#draw()
  }

  /** To the next or the last end of a column, so that each step shows one column more or less. */
  #step(columns: number): void {
    const ms = this.#columnMs
    const from = this.#facts!.atMs ?? this.#options!.present()
    const edge = columns > 0 ? Math.floor(from / ms) : Math.ceil(from / ms)
    const { firstMs } = this.#extent
    const to = (edge + columns) * ms
    this.#go(firstMs > 0 ? Math.max(firstMs + ms, to) : to, true)
  }

  #toFirst(): void {
    const { firstMs } = this.#extent
    if (firstMs > 0) this.#go(firstMs + this.#columnMs, false)
  }

  #toggle(): void {
    const { now, present } = this.#options!
    if (this.#play.isPlaying) this.#play.pause()
    else if (!this.#isLocked) {
      const { firstMs } = this.#extent
      const back = Math.floor(present() / this.#columnMs - PAGE_COLUMNS) * this.#columnMs
      const from = this.#facts!.atMs ?? Math.max(firstMs + this.#columnMs, back)
      if (this.#facts!.atMs === undefined) this.#place(from, false)
      this.#play.play(from, now())
    }
    this.#draw()
  }

  #drag(ms: number, isDone: boolean): void {
    if (this.#isLocked || this.#facts === undefined) return
    const { present } = this.#options!
    const column = this.#columnMs
    const { firstMs } = this.#extent
    // A moment is where a column ends: what lies between shows nothing of its own on a lane this coarse.
    const snapped = Math.max(firstMs > 0 ? firstMs + column : 0, Math.round(ms / column) * column)
    const isNow = ms >= present() - column / 2 || snapped >= present()
    this.#play.pause()
    if (isDone) {
      this.#go(isNow ? undefined : snapped, false)
      return
    }
    this.#draggedMs = isNow ? present() : snapped
    // Maps are read as fast as they come, and never two at a time.
    if (!this.#facts.isReading && !isNow && this.#facts.atMs !== snapped) this.#options!.go(snapped, true)
    this.#draw()
  }

  #tick(): void {
    const { now, present, prepare } = this.#options!
    const nowMs = now()
    if (nowMs - this.#extentMs > EXTENT_MS && this.#facts !== undefined) this.#askExtent()
    if (this.#facts === undefined) return
    const isReading = this.#facts.isReading
    const reached = this.#play.tick(nowMs, present(), isReading)
    if (reached === 'now') this.#go(undefined, false)
    else if (reached !== undefined) this.#options!.go(reached, true)
    else if (this.#play.isPlaying && !isReading && this.#play.nextMs < present()) prepare(this.#play.nextMs)
    this.#draw()
  }

  #askExtent(): void {
    const { asset, timeframe, lock, isGreeted } = this.#facts!
    if (lock !== undefined || !isGreeted) return
    const key = `${asset}/${timeframe}`
    if (key !== this.#extentKey) {
      this.#extent = NOTHING
      this.#span = undefined
    }
    this.#extentKey = key
    this.#extentMs = this.#options!.now()
    this.#options!.loadExtent(asset, timeframe).then(
      (extent) => {
        if (this.#extentKey !== key) return
        this.#extent = extent
        this.#extentFault = ''
        this.#draw()
      },
      (error: Error) => {
        if (this.#extentKey !== key) return
        this.#extentFault = error.message
        this.#draw()
      },
    )
  }

  #draw(): void {
    const facts = this.#facts
    if (facts === undefined) return
    const nowMs = this.#options!.present()
    const meantMs = this.#meantMs
    const isPast = meantMs !== undefined
    const { firstMs } = this.#extent
    this.classList.toggle('past', isPast)
    this.classList.toggle('locked', this.#isLocked)
    this.classList.toggle('reading', facts.isReading)
    const span = this.#span ?? usualSpan(COLUMNS * this.#columnMs, nowMs, firstMs)
    const view = trackView(span, nowMs, meantMs, firstMs)
    const text = isPast ? `${formatTime(meantMs)}, ${formatAge(nowMs - meantMs)} ago` : 'Now'
    this.#track.show({ view, nowMs, atMs: meantMs, firstMs, text })
    this.#track.element.setAttribute('aria-disabled', String(this.#isLocked))
    this.#part<HTMLSelectElement>('.span').value = span
    this.#drawControls(meantMs ?? nowMs, isPast)
    this.#say(this.#sentence())
  }

  #drawControls(shownMs: number, isPast: boolean): void {
    const isLocked = this.#isLocked
    for (const button of this.querySelectorAll<HTMLButtonElement>('.back, .play')) button.disabled = isLocked
    this.#part<HTMLButtonElement>('.forth').disabled = isLocked || !isPast
    this.#part('.live').setAttribute('aria-pressed', String(!isPast))
    const { isPlaying } = this.#play
    const play = this.#part('.play')
    play.classList.toggle('playing', isPlaying)
    const label = isPlaying ? 'Pause' : isPast ? 'Play' : `Play the last ${PAGE_COLUMNS} columns`
    if (play.getAttribute('aria-label') !== label) {
      play.setAttribute('aria-label', label)
      play.title = `${label} (space)`
    }
    const field = this.#part<HTMLInputElement>('.moment input')
    field.disabled = isLocked
    const isTyping = this.ownerDocument.activeElement === field
    // A moment is a minute: seconds are told where they move.
    const isMoving = isPlaying || !isPast || shownMs % MINUTE_MS !== 0
    const text = fieldText(shownMs).slice(0, isMoving ? undefined : -3)
    if (!isTyping && field.value !== text) field.value = text
  }

  #sentence(): string {
    const { lock, fault, atMs } = this.#facts!
    const field = this.#part<HTMLInputElement>('.moment input')
    if (field.validationMessage !== '' && this.ownerDocument.activeElement === field) return field.validationMessage
    if (lock !== undefined) return lock
    if (!this.#extent.kept) return 'No past here: the server keeps no history (--no-store).'
    if (fault !== undefined) return `${fault} `
    if (this.#extentFault !== '') return `History cannot be asked for: ${this.#extentFault}`
    const { firstMs } = this.#extent
    if (atMs !== undefined && firstMs > 0 && atMs < firstMs) return `History begins at ${formatTime(firstMs)}.`
    return ''
  }

  #say(sentence: string): void {
    const said = this.#part('.said')
    const isFault = this.#facts?.fault !== undefined && sentence.startsWith(this.#facts.fault)
    if (said.dataset.sentence === sentence) return
    said.dataset.sentence = sentence
    said.textContent = sentence
    if (!isFault) return
    const retry = document.createElement('button')
    retry.type = 'button'
    retry.textContent = 'Try again'
    said.append(retry)
  }
}
