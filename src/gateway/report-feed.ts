import { assets } from '../model/assets.ts'
import { assert, LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { reportFacts } from '../model/report-facts.ts'
import type { Report, ReportKind } from '../model/reports.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Message } from './channel.ts'
import type { Broadcast, Supply } from './channels.ts'
import { ReportBoard } from './report-board.ts'
import { kindsOf, maskOfKinds, type ReportTopic, readReportTopic, reportTopic, WHOLE } from './report-topic.ts'

export interface ReportFeedOptions {
  readonly limits: Limits
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** Rows of an asset that the store has: those that stand at a time, and the newest; undefined where there is no store. */
  readonly history: ((asset: AssetId, clockMs: number) => Promise<readonly Report[]>) | undefined
  readonly broadcast: Broadcast
}

/** The reports of one asset. */
interface Lane {
  readonly asset: AssetId
  readonly board: ReportBoard
  /** Told since the last flush, the last word of each. */
  readonly pending: Map<string, Report>
  /** By mask of kinds: those that somebody wants, how often something was sent to them, and when last. */
  readonly wanted: Map<number, { sequence: number; sentMs: number }>
  /** Masks whose newcomers wait for the history. */
  readonly waiting: Set<number>
  history: 'none' | 'loading' | 'loaded' | 'failed'
  /** Resolves when the history has been read or cannot be. */
  loading: Promise<void>
  clockMs: number
}

/**
 * Reports on their way to subscribers: gathered by `tell`, sent by `flush`, one text for all who want the same kinds of
 * an asset. Newcomers get what stands and what was last over; so does whoever has missed something.
 */
export class ReportFeed {
  readonly #options: ReportFeedOptions
  readonly #lanes: readonly Lane[]
  readonly #dirty = new Set<Lane>()
  /** Lanes with a topic that somebody wants. */
  readonly #followed = new Set<Lane>()
  /** Each row is written as text once, for messages and openings alike. */
  readonly #texts = new WeakMap<Report, string>()
  readonly #numbers: ReturnType<typeof numbersOf>
  /** Histories are read one after the other. */
  #reading: Promise<void> = Promise.resolve()
  /** When one was last not to be had. */
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(options: ReportFeedOptions) {
    this.#options = options
    this.#numbers = numbersOf(options.metrics)
    this.#lanes = assets.map(({ id }) => ({
      asset: id,
      board: new ReportBoard(options.limits),
      pending: new Map(),
      wanted: new Map(),
      waiting: new Set(),
      history: 'none',
      loading: Promise.resolve(),
      clockMs: 0,
    }))
  }

  tell(row: Report): void {
    const lane = this.#at(row.asset)
    move(lane, row.atMs)
    const known = lane.pending.get(row.id)
    if (known !== undefined && known.atMs > row.atMs) return
    lane.pending.set(row.id, row)
    this.#dirty.add(lane)
  }

  /** The asset's clock has come to this; rows that should have been told again by then are given up. */
  clock(asset: AssetId, clockMs: number): void {
    move(this.#at(asset), clockMs)
  }

  /** Publishes what was told since the last flush. */
  flush(): void {
    for (const lane of this.#dirty) this.#publish(lane)
    this.#dirty.clear()
  }

  /** A sign of life for those who have heard nothing for a while. */
  sweep(): void {
    const { limits, now } = this.#options
    const nowMs = now()
    for (const lane of this.#followed) {
      for (const [mask, { sentMs }] of lane.wanted) {
        if (nowMs - sentMs >= limits.reportPulseMs) this.#send(lane, mask, [])
      }
    }
  }

  /** Rows that are known without the store, the newest start first. */
  rows(asset: AssetId, kind: ReportKind): Report[] {
    const { board, clockMs } = this.#at(asset)
    return board.rows(kind, clockMs)
  }

  /** Resolves when the rows of an asset are all that there is to know; never rejects. */
  async ready(asset: AssetId): Promise<void> {
    const lane = this.#at(asset)
    this.#ensure(lane)
    await lane.loading
  }

  /** What subscribers may ask for: topics of reports, each held once. */
  get supply(): Supply {
    return {
      acquire: (topic) => this.#acquire(readReportTopic(topic)),
      release: (topic) => this.#release(readReportTopic(topic)),
      want: (topic) => this.#want(readReportTopic(topic)),
    }
  }

  #acquire({ asset, mask }: ReportTopic): void {
    const lane = this.#at(asset)
    lane.wanted.set(mask, { sequence: 0, sentMs: this.#options.now() })
    this.#followed.add(lane)
    this.#ensure(lane)
  }

  #release({ asset, mask }: ReportTopic): void {
    const lane = this.#at(asset)
    lane.wanted.delete(mask)
    lane.waiting.delete(mask)
    if (lane.wanted.size === 0) this.#followed.delete(lane)
  }

  /** The opening comes at once, or when the history is there. */
  #want({ asset, mask }: ReportTopic): void {
    const lane = this.#at(asset)
    if (lane.history === 'loading') lane.waiting.add(mask)
    else this.#open(lane, mask)
  }

  #at(asset: AssetId): Lane {
    const lane = this.#lanes[asset]
    assert(lane !== undefined, 'the asset is of the table')
    return lane
  }

  #publish(lane: Lane): void {
    const rows = [...lane.pending.values()].filter((row) => lane.board.tell(row))
    lane.pending.clear()
    this.#numbers.rows.inc(rows.length)
    for (const mask of lane.wanted.keys()) {
      const chosen = rows.filter((row) => (maskOfKinds([row.kind]) & mask) !== 0)
      if (chosen.length > 0) this.#send(lane, mask, chosen)
    }
  }

  #send(lane: Lane, mask: number, rows: readonly Report[]): void {
    const wanted = lane.wanted.get(mask)!
    wanted.sequence = (wanted.sequence + 1) >>> 0
    wanted.sentMs = this.#options.now()
    this.#numbers.messages.inc()
    const bytes = this.#text(lane, wanted.sequence, rows)
    this.#options.broadcast.message({ ...this.#head(lane, mask), bytes })
  }

  #open(lane: Lane, mask: number): void {
    const { broadcast, now } = this.#options
    const kinds = kindsOf(mask)
    const rows = kinds.flatMap((kind) => lane.board.rows(kind, lane.clockMs))
    const head = this.#head(lane, mask)
    const facts = { standing: true, kinds, sinceMs: lane.board.sinceMs ?? now() }
    this.#numbers.openings.inc()
    broadcast.opening({ ...head, part: WHOLE, bytes: this.#text(lane, head.sequence, rows, facts) })
  }

  #head({ asset, wanted }: Lane, mask: number): Omit<Message, 'bytes'> {
    const sequence = wanted.get(mask)?.sequence
    assert(sequence !== undefined, 'what is sent is wanted')
    return { topic: reportTopic(asset, mask), sequence, sentMs: this.#options.now(), isBinary: false }
  }

  #text({ asset, clockMs }: Lane, sequence: number, rows: readonly Report[], facts: object = {}): Uint8Array {
    const head = JSON.stringify({ op: 'reports', asset: assets[asset]!.name, sequence, clockMs, ...facts })
    return Buffer.from(`${head.slice(0, -1)},"rows":[${rows.map((row) => this.#rowText(row)).join(',')}]}`)
  }

  #rowText(row: Report): string {
    let text = this.#texts.get(row)
    if (text === undefined) this.#texts.set(row, (text = JSON.stringify(reportFacts(row))))
    return text
  }

  /** Has the history read where it has not been, or could not be. */
  #ensure(lane: Lane): void {
    const { history } = this.#options
    if (lane.history === 'loaded' || lane.history === 'loading') return
    if (history === undefined) {
      lane.history = 'loaded'
      return
    }
    lane.history = 'loading'
    lane.loading = this.#reading.then(async () => {
      const isRead = !this.#hasJustFailed && (await this.#fill(lane, history))
      lane.history = isRead ? 'loaded' : 'failed'
      for (const mask of lane.waiting) this.#open(lane, mask)
      lane.waiting.clear()
    })
    this.#reading = lane.loading
  }

  /** A store that hangs is waited for once, and not by every asset behind the one before. */
  get #hasJustFailed(): boolean {
    const { now, limits } = this.#options
    return now() - this.#failedMs < limits.historyRetryMs
  }

  /** What happens now is worth more than the past: without it newcomers begin with what stands. */
  async #fill(lane: Lane, history: NonNullable<ReportFeedOptions['history']>): Promise<boolean> {
    const { log, limits, now } = this.#options
    // Before the first event the asset's clock is taken for ours.
    const clockMs = lane.clockMs || now()
    const late = new LmapError('LMAP_STAGE_TIMEOUT', `The store took more than ${limits.historyMsMax} ms for reports.`)
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(late), limits.historyMsMax).unref()
    try {
      lane.board.fill(await Promise.race([history(lane.asset, clockMs), promise]), clockMs)
      return true
    } catch (error) {
      this.#failedMs = now()
      log.error({ error, asset: lane.asset }, 'reports of the past not read, newcomers begin with what stands')
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}

function move(lane: Lane, clockMs: number): void {
  lane.board.begin(clockMs)
  if (clockMs > lane.clockMs) lane.clockMs = clockMs
}

function numbersOf(metrics: Metrics) {
  return {
    rows: metrics.counter('gateway_reports_total', 'Report rows told, the last word of each turn.'),
    messages: metrics.counter('gateway_report_messages_total', 'Messages of report rows, one for all subscribers.'),
    openings: metrics.counter('gateway_report_openings_total', 'Messages for newcomers to reports put together.'),
  }
}
