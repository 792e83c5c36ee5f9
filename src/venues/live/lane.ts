import type { RestFailure } from '../instruments/rest-failure.ts'
import type { BatchOut } from '../mapper-out.ts'
import { backOffMs } from './back-off.ts'
import { Side, type SideContext, type SideCounts } from './side.ts'
import { TakeOver } from './take-over.ts'

export interface LaneContext extends SideContext {
  readonly out: BatchOut
  /** Runs the work when it is this venue's turn to open a socket. */
  turn(work: () => void): void
  mapped(): void
}

/** A socket is replaced after 22.5 to 23.5 of the 24 parts of the age it may reach. */
const AGE_PARTS = 24
const AGE_PARTS_MIN = 22.5

/** One socket's worth of topics, kept flowing: reconnected when it breaks, replaced with overlap before it is cut. */
export class Lane {
  readonly #context: LaneContext
  #side: Side
  #takeOver: TakeOver | undefined
  #rollMs = Number.POSITIVE_INFINITY
  #failures = 0
  #aliveSinceMs: number | undefined
  #hasOpened = false
  #reason: string | undefined = 'not connected yet'
  #retry: NodeJS.Timeout | undefined
  #isStopped = false
  #reconnects = 0
  /** Counts of sides that are gone. */
  #past: SideCounts = { frames: 0, rejected: 0, gaps: 0, offGrid: 0, resyncs: 0, booksLive: 0 }

  constructor(context: LaneContext) {
    this.#context = context
    this.#side = this.#makeSide()
  }

  get name(): string {
    return this.#context.plan.name
  }

  get hasOpened(): boolean {
    return this.#hasOpened
  }

  /** Subscribed, and every pulse of it beats. */
  get isAlive(): boolean {
    return this.#side.isAlive
  }

  /** Why it is not alive, or what of it is refused. */
  get reason(): string | undefined {
    return this.#reason
  }

  get reconnects(): number {
    return this.#reconnects
  }

  start(): void {
    this.#connect(this.#side)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
    this.#takeOver?.end(this.#side)
    this.#side.close()
  }

  /** Can this market's book be trusted to follow its venue now? */
  isUp(symbol: string): boolean {
    return this.#side.isAlive && !this.#side.isGone(symbol)
  }

  refresh(): void {
    this.#side.refresh()
  }

  pause(isPaused: boolean): void {
    for (const side of this.#sides()) side.pause(isPaused)
  }

  counts(): SideCounts {
    const { booksLive, ...own } = this.#side.counts()
    const past = this.#past
    return {
      frames: past.frames + own.frames,
      rejected: past.rejected + own.rejected,
      gaps: past.gaps + own.gaps,
      offGrid: past.offGrid + own.offGrid,
      resyncs: past.resyncs + own.resyncs,
      booksLive,
    }
  }

  /** Called again and again. */
  check(): void {
    const { now } = this.#context
    for (const side of this.#sides()) side.check()
    if (this.#side.isAlive) {
      this.#aliveSinceMs ??= now()
      this.#reason = undefined
    }
    if (this.#takeOver !== undefined) this.#advance(this.#takeOver)
    else if (now() >= this.#rollMs && this.#side.isAlive) this.#begin()
  }

  #connect(side: Side): void {
    this.#context.turn(() => {
      if (!this.#isStopped && this.#sides().has(side)) side.connect()
    })
  }

  #makeSide(): Side {
    const side: Side = new Side(this.#context, this.#context.out, {
      opened: () => this.#opened(side),
      closing: () => {
        if (side === this.#side) this.#rollMs = this.#context.now()
      },
      closed: (failure) => this.#closed(side, failure),
      refused: (topic, reason) => {
        this.#reason = `${topic} is refused: ${reason}`
      },
      mapped: () => {
        this.#takeOver?.drain()
        this.#context.mapped()
      },
    })
    return side
  }

  #opened(side: Side): void {
    this.#hasOpened = true
    if (side === this.#side) this.#setRoll()
  }

  #setRoll(): void {
    const { protocol, now, chance } = this.#context
    const { socketMsMax } = protocol
    if (socketMsMax === undefined) this.#rollMs = Number.POSITIVE_INFINITY
    else this.#rollMs = now() + (socketMsMax * (AGE_PARTS_MIN + chance())) / AGE_PARTS
  }

  #closed(side: Side, failure: RestFailure): void {
    const { now, chance, limits } = this.#context
    const takeOver = this.#takeOver
    if (side !== this.#side) {
      // One that was to come has failed; one that was to go is gone already.
      if (takeOver?.phase === 'joining') this.#giveUp(takeOver)
      return
    }
    if (takeOver?.phase === 'joining' && takeOver.new?.isConnected) {
      // Not all of it may be there yet, but it is nearer than a third socket would be.
      this.#change(takeOver, takeOver.new)
      return
    }
    takeOver?.end(side)
    this.#takeOver = undefined
    const wasGood = this.#aliveSinceMs !== undefined && now() - this.#aliveSinceMs >= limits.liveGoodMs
    this.#failures = wasGood ? 1 : this.#failures + 1
    this.#aliveSinceMs = undefined
    this.#rollMs = Number.POSITIVE_INFINITY
    this.#reason = failure.message
    this.#reconnects++
    const patienceMs = failure.kind === 'region' ? limits.restFilterMs : (failure.waitMs ?? 0)
    const waitMs = Math.max(patienceMs, backOffMs(this.#failures, chance(), limits))
    this.#retry = setTimeout(() => this.#connect(side), waitMs)
  }

  #begin(): void {
    const { plan, out, now, limits } = this.#context
    this.#takeOver = new TakeOver(this.#side, plan.markets, out, now(), now() + limits.liveOverlapMs)
  }

  #advance(takeOver: TakeOver): void {
    const { now, limits } = this.#context
    const nowMs = now()
    if (takeOver.phase === 'joining') {
      const side = takeOver.new as Side
      const books = new Set(side.books())
      if (side.isAlive && this.#side.books().every((symbol) => books.has(symbol))) this.#change(takeOver, side)
      else if (nowMs >= takeOver.untilMs) this.#giveUp(takeOver)
      return
    }
    if (nowMs < takeOver.untilMs) return
    if (takeOver.phase === 'prelude') {
      const side = this.#makeSide()
      takeOver.join(side, nowMs + limits.liveTakeOverMsMax)
      this.#connect(side)
    } else if (takeOver.phase === 'tail') {
      takeOver.old.close()
      takeOver.phase = 'after'
      takeOver.untilMs = nowMs + limits.liveOverlapMs
    } else {
      takeOver.end(this.#side)
      this.#takeOver = undefined
    }
  }

  #change(takeOver: TakeOver, side: Side): void {
    const { now, limits } = this.#context
    this.#past = this.counts()
    this.#side = side
    takeOver.change(side, now(), now() + limits.liveOverlapMs)
    this.#setRoll()
  }

  /** The old socket goes on, and a new one is tried later. */
  #giveUp(takeOver: TakeOver): void {
    const { now, limits } = this.#context
    takeOver.end(this.#side)
    this.#takeOver = undefined
    this.#rollMs = now() + limits.liveTakeOverMsMax
  }

  #sides(): Set<Side> {
    const sides = [this.#side, this.#takeOver?.old, this.#takeOver?.new]
    return new Set(sides.filter((side) => side !== undefined))
  }
}
