import type { AssetLift, LiftRow } from './lift.ts'
import type { ReportPage, ReportQuery } from './report-query.ts'
import type { Report } from './reports.ts'
import type { AssetId } from './units.ts'
import type { VenueName } from './venues.ts'

/** A part of the system with a lifetime. `stop` may be called twice and resolves when everything accepted is done. */
export interface Stage {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Takes whole event batches, one after the other in one array, which the caller may reuse once the call returns.
 * True: there is room for more. A promise: wait for it; false means that the taker is closed.
 */
export interface BatchSink {
  write(batches: Uint8Array): true | Promise<boolean>
}

export type SourceKind = 'simulator' | 'replay' | 'live'

/** What a source can say of itself at any time. */
export interface SourceStatus {
  /** Records sent, by all kinds. */
  records: number
  levels: number
  liquidations: number
  /** Breaks of a venue's sequence that were noticed. */
  gaps: number
  /** Input that was refused: malformed frames, unknown symbols. */
  rejected: number
  /** 0 to 1 where the source ends by itself. */
  progress: number | undefined
  /** Of a live source: batches whose venue time was too far from our clock and was replaced by it. */
  skewed?: number
  /** Of a live source. */
  venues?: readonly VenueFeedStatus[]
}

/** How the feed of one live venue is doing. */
export interface VenueFeedStatus {
  readonly venue: VenueName
  /** `partial`: some of its sockets are not alive. */
  readonly state: 'live' | 'partial' | 'down'
  /** Why it is not live, or what of it is held back. */
  readonly reason: string | undefined
  readonly sockets: number
  /** Subscribed, and their pulse beats. */
  readonly socketsLive: number
  readonly books: number
  readonly booksLive: number
  readonly frames: number
  readonly rejected: number
  readonly gaps: number
  /** Prices that were not on their grid: the venue may have changed its tick. */
  readonly offGrid: number
  /** Snapshots and new subscriptions asked for to bring a book back. */
  readonly resyncs: number
  readonly reconnects: number
}

/** Stage 1: where events come from. */
export interface Source extends Stage {
  readonly kind: SourceKind
  /** Sends to the sink from now on. Rejects with a coded error where the source cannot be opened. */
  connect(sink: BatchSink): void
  /** Resolves when the source has ended by itself and its last batch was taken; never for an endless one. */
  readonly ended: Promise<void>
  status(): SourceStatus
}

/** Called for each batch in order; a promise holds further batches of ALL assets back until it resolves. */
export type BatchHandler = (asset: AssetId, offset: number, batch: Uint8Array) => true | Promise<boolean>

/** Stage 2: the ordered log, one partition per asset. Offsets grow by asset; the first is 0 unless the log is older than us. */
export interface EventLog extends Stage, BatchSink {
  /** Delivers every batch from the offset given for its asset (default: the log's end for a broker, the next for in-process). */
  consume(handler: BatchHandler, from: ReadonlyMap<AssetId, number>): Promise<void>
  /** Resolves when every batch written before the call has been handled. */
  drained(): Promise<void>
  /** Corrupt batches that were skipped, batches that wait. */
  status(): { corrupt: number; waiting: number }
}

/** A column that will never change again. */
export interface ClosedColumn {
  readonly asset: AssetId
  readonly timeframe: number
  readonly openMs: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** USD traded. */
  readonly volumeUsd: number
  /** Milliseconds of the column in which the book was known: less than the timeframe after a start or a gap. */
  readonly observedMs: number
  /** Absolute bucket of cell 0. */
  readonly baseBucket: number
  /** USD per bucket. */
  readonly step: number
  readonly quantumUsd: number
  /** LAYERS x BUCKETS codes, layer by layer, see model/layers.ts. */
  readonly cells: Uint8Array
}

export interface LiquidationRow {
  readonly asset: AssetId
  readonly venue: number
  /** Side of the position that was closed: 0 long, 1 short. */
  readonly side: number
  readonly priceKind: number
  readonly venueMs: number
  readonly price: number
  readonly coins: number
  readonly usd: number
}

/** What the forecast of one hour was worth, see docs/estimator.md: told when the hour has closed. */
export interface ScoreRow {
  readonly asset: AssetId
  /** End of the hour. */
  readonly hourMs: number
  /** Model that made the prediction. */
  readonly model: number
  /** Position in modelStates, after this hour. */
  readonly state: number
  /** Bits over price alone in this hour, long and short; 0 in the first 200 hours. */
  readonly bits: readonly [number, number]
  /** Mean bits an hour over 30 days, sides averaged, and its standard error by day blocks (Infinity: not enough days). */
  readonly mean: number
  readonly error: number
  readonly hours: number
  /** USD, long and short. */
  readonly predicted: readonly [number, number]
  readonly realised: readonly [number, number]
}

/** One minute of one venue's market for one asset, as its events told it. */
export interface VenueMinuteRow {
  readonly asset: AssetId
  readonly venue: number
  readonly minuteMs: number
  /** Position in venueStates, when the minute was over. */
  readonly state: number
  /** Event batches in this minute: of two rows of one minute, the one that has seen more stays. */
  readonly batches: number
  /** USD per coin, the newest in this minute; 0: none came. */
  readonly mark: number
  /** One-sided, in coins and USD, the newest in this minute; 0: none came. */
  readonly openInterest: number
  readonly openInterestUsd: number
  /** USD traded, by the taker. */
  readonly buyUsd: number
  readonly sellUsd: number
  readonly trades: number
}

/** State of an asset's forecast now. */
export interface ModelStatus {
  /** Position in modelStates. */
  readonly state: number
  /** Equal where predictions are equal. */
  readonly id: number
  readonly mean: number
  readonly error: number
  readonly hours: number
  /**
   * Where on crossed ground liquidations lay, over about 30 days: each beside a baseline that knows only distance.
   * Undefined where it was not kept: of the past.
   */
  readonly where?: WhereScore
  /** What it has to do without: bits of modelFlags. Undefined of the past. */
  readonly flags?: number
}

/** Bits per USD over "anywhere alike", and how much more than its share the first quarter of the buckets held. */
export interface WhereScore {
  readonly bits: number
  readonly baselineBits: number
  readonly lift: number
  readonly baselineLift: number
}

/** A part of a live stream, as the core has encoded it: see docs/wire.md, "blocks". */
export interface LiveBlock {
  readonly asset: AssetId
  readonly timeframe: number
  /** `refresh` is a key block for snapshots only: subscribers have the delta of the same turn already. */
  readonly kind: 'closed' | 'key' | 'delta' | 'refresh'
  /** The asset's clock when this was read. */
  readonly clockMs: number
  readonly block: Uint8Array
}

/** State of one venue for one asset, as the core saw it last. */
export interface VenueStatus {
  readonly state: number
  readonly receiveMs: number
  readonly bidTick: number
  readonly askTick: number
  readonly tickSize: number
}

/** Memory image of one asset and the log position that it belongs to. */
export interface Checkpoint {
  readonly asset: AssetId
  readonly offset: number
  /** Where a log that keeps must be read from to count what was open beside the image; behind the image without. */
  readonly countOffset?: number
  readonly clockMs: number
  /** Layout version of the core that wrote it: another one cannot be loaded. */
  readonly layout: number
  readonly image: Uint8Array
}

/** A stream as it was known at a time in the past. */
export interface PastMap {
  /** Columns that had closed by then, oldest first; they are what they were. */
  readonly closed: readonly ClosedColumn[]
  /**
   * What the column that was open then had gathered until `asOfMs`; undefined where none of its minutes had closed, so
   * always for 1m.
   */
  readonly open: ClosedColumn | undefined
  /** End of the newest minute that is in the answer; 0 where there is nothing. */
  readonly asOfMs: number
  /** The forecast's newest score then. */
  readonly model: ModelStatus | undefined
  /** By venue id, at `asOfMs`; undefined where that was not kept. */
  readonly venues?: readonly PastVenue[] | undefined
}

/** What was known of one venue at a time. */
export interface PastVenue {
  /** Position in venueStates. */
  readonly state: number
  /** The newest that it had said; 0: nothing. */
  readonly openInterestUsd: number
}

/** How far the history of a stream goes: when its first column opened and its last one closed; both 0 while it has none. */
export interface Extent {
  readonly firstMs: number
  readonly endMs: number
}

/** What the store offers to the rest, see store/. */
export interface Store extends Stage {
  column(column: ClosedColumn): void
  liquidation(row: LiquidationRow): void
  score(row: ScoreRow): void
  venueMinute(row: VenueMinuteRow): void
  report(row: Report): void
  liftTrial(row: LiftRow): void
  checkpoint(checkpoint: Checkpoint): void
  /** True: room for more; a promise: wait for it. */
  readonly room: true | Promise<void>
  /** Newest columns of a stream, oldest first. */
  columns(asset: AssetId, timeframe: number, most: number): Promise<ClosedColumn[]>
  /** A stream as known at `atMs`, with at most so many closed columns. */
  at(asset: AssetId, timeframe: number, atMs: number, most: number): Promise<PastMap>
  /** Undefined where nothing is kept. */
  extent(asset: AssetId, timeframe: number): Promise<Extent | undefined>
  /** Scored hours of an asset's forecast, the newest `most`, oldest first. */
  scores(asset: AssetId, most: number): Promise<ScoreRow[]>
  /** What has become of levels that reports spoke of, of one asset or of all, as last told. */
  lift(asset?: AssetId): Promise<AssetLift[]>
  /** Stored reports of one kind, the newest start first. */
  reports(query: ReportQuery): Promise<ReportPage>
  /** Newest checkpoint of each asset, or of each of these. */
  checkpoints(of?: readonly AssetId[]): Promise<Checkpoint[]>
  /** Waits until everything handed over so far is in the database. */
  flush(): Promise<void>
}
