import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { assets } from '../model/assets.ts'
import { assert, LmapError } from '../model/errors.ts'
import type { AssetLift, LiftRow } from '../model/lift.ts'
import { limits as allLimits } from '../model/limits.ts'
import type { ReportPage, ReportQuery } from '../model/report-query.ts'
import type { Report } from '../model/reports.ts'
import type {
  Checkpoint,
  ClosedColumn,
  Extent,
  LiquidationRow,
  PastMap,
  ScoreRow,
  Store,
  VenueMinuteRow,
} from '../model/stages.ts'
import type { AssetId, UnixMs } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { checkpointsQuery, readCheckpoints } from './checkpoint-rows.ts'
import { type Client, type ClientOptions, openClient, type SqlValue } from './client.ts'
import { columnsQuery, readColumns } from './column-rows.ts'
import { readContents } from './contents.ts'
import { readSlice, type Slice } from './export-slice.ts'
import { insertsOf } from './inserts.ts'
import { liftQuery, liftsOfRows, type StoredLift } from './lift-rows.ts'
import { migrate, readMigrations, statementForm } from './migrations.ts'
import { readExtent, readPast } from './past.ts'
import { readReports } from './past-reports.ts'
import { tableOfReport } from './report-rows.ts'
import { applyRetention, type Retention } from './retention.ts'
import { RowQueue } from './row-queue.ts'
import { type StoredScore, scoreOf, scoresQuery } from './score-rows.ts'
import { nothingWritten, Sender } from './sender.ts'
import { Spill } from './spill.ts'
import { Sql, type SqlFormat } from './sql.ts'
import type { TableName, TableRows } from './tables.ts'

export type StoreLimits = {
  readonly [Name in keyof typeof allLimits as Name extends `store${string}` ? Name : never]: number
}

export interface StoreOptions {
  readonly client: ClientOptions
  readonly log: Log
  readonly now: () => UnixMs
  readonly limits?: Partial<StoreLimits>
  /** Name of a cluster of the server: tables are made replicated and distributed over it. */
  readonly cluster?: string | undefined
  /** Where rows wait while a server is away; without it they wait in memory and then hold the engine. */
  readonly spillFolder?: string | undefined
  /** How long rows are kept; without it as the migrations say. */
  readonly retention?: Retention | undefined
}

export interface StoreStatus {
  /** Rows in the database by this process, by table. */
  readonly written: Readonly<Record<TableName | 'checkpoints', number>>
  /** Inserts that failed and were sent again. */
  readonly retries: number
  readonly rowsWaiting: number
  readonly bytesWaiting: number
  /** What waits on the disk for the server to come back. */
  readonly bytesOnDisk: number
  /** Age of the oldest row that waits. */
  readonly lagMs: number
  /** Why the newest insert failed; undefined while the store works. */
  readonly failure: string | undefined
}

export interface ClickHouseStore extends Store {
  /** Rows of any SELECT; parameters are written {name:Type} in the text and bound by the database. */
  query<Row>(sql: string, parameters?: Readonly<Record<string, SqlValue>>): Promise<Row[]>
  /** The answer to a question of people, read-only and within limits: see sql.ts. */
  ask(sql: string, format: SqlFormat): Promise<Uint8Array>
  /** A stretch of a table as the bytes of a file. */
  slice(slice: Slice): Promise<Uint8Array>
  status(): StoreStatus
}

/** Columns and liquidations belong to the store once they are handed over: their bytes must not change any more. */
export function createStore(options: StoreOptions): ClickHouseStore {
  return new QueuedStore(options)
}

class QueuedStore implements ClickHouseStore {
  readonly name = 'store'
  readonly #options: StoreOptions
  readonly #limits: StoreLimits
  readonly #queue: RowQueue
  #client: Client | undefined
  #sql: Sql | undefined
  #sender: Sender | undefined
  #spill: Spill | undefined
  #timer: NodeJS.Timeout | undefined
  /** The writer while it runs: there is never a second one. */
  #writing: Promise<void> | undefined
  /** Ends the writer's pauses and then the writer. */
  readonly #abandon = new AbortController()
  #stopping: Promise<void> | undefined

  constructor(options: StoreOptions) {
    this.#options = options
    this.#limits = { ...allLimits, ...options.limits }
    this.#queue = new RowQueue(this.#limits)
  }

  async start(): Promise<void> {
    const { log, client, cluster, retention, spillFolder } = this.#options
    const opened = await openClient(client)
    try {
      const form = statementForm(cluster)
      const applied = await migrate(opened, readMigrations(), form)
      const kept = retention === undefined ? [] : await applyRetention(opened, retention, form)
      log.info({ where: opened.where, migrations: applied.length, retention: kept }, 'store is open')
      const found = await readContents(opened)
      if (found.columns > 0) log.info(found, 'history of earlier runs is here')
      this.#spill = spillFolder === undefined ? undefined : new Spill(spillFolder, this.#limits.storeSpillBytesMax)
      const { signal } = this.#abandon
      this.#sender = new Sender({ client: opened, log, limits: this.#limits, spill: this.#spill, signal })
      await this.#sender.start()
    } catch (error) {
      await opened.close()
      throw error
    }
    this.#client = opened
    this.#sql = new Sql(opened)
    this.#plan()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  get room(): true | Promise<void> {
    return this.#queue.room
  }

  column(column: ClosedColumn): void {
    this.#take('columns', column)
  }

  liquidation(row: LiquidationRow): void {
    this.#take('liquidations', row)
  }

  score(row: ScoreRow): void {
    this.#take('scores', row)
  }

  venueMinute(row: VenueMinuteRow): void {
    this.#take('venue_minutes', row)
  }

  report(row: Report): void {
    this.#take(tableOfReport[row.kind], row)
  }

  liftTrial(row: LiftRow): void {
    this.#take('lift_trials', row)
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.#queue.checkpoint(checkpoint, this.#accept())
    this.#plan()
  }

  async columns(asset: AssetId, timeframe: number, most: number): Promise<ClosedColumn[]> {
    const bytes = await this.#opened().read(columnsQuery(asset, timeframe, most))
    return readColumns(bytes, asset, timeframe)
  }

  async scores(asset: AssetId, most: number): Promise<ScoreRow[]> {
    const rows = await this.#opened().rows<StoredScore>(scoresQuery, { asset: assets[asset]!.name, most })
    return rows.map((row) => scoreOf(asset, row)).reverse()
  }

  async lift(asset?: AssetId): Promise<AssetLift[]> {
    const name = asset === undefined ? '' : assets[asset]!.name
    return liftsOfRows(await this.#opened().rows<StoredLift>(liftQuery, { asset: name }))
  }

  at(asset: AssetId, timeframe: number, atMs: number, most: number): Promise<PastMap> {
    return readPast(this.#opened(), asset, timeframe, atMs, most)
  }

  extent(asset: AssetId, timeframe: number): Promise<Extent> {
    return readExtent(this.#opened(), asset, timeframe)
  }

  reports(query: ReportQuery): Promise<ReportPage> {
    return readReports(this.#opened(), query)
  }

  async checkpoints(of?: readonly AssetId[]): Promise<Checkpoint[]> {
    if (of?.length === 0) return []
    const bytes = await this.#opened().read(checkpointsQuery(of))
    return readCheckpoints(bytes, (asset, error) => {
      this.#options.log.warn({ asset, error }, 'a checkpoint cannot be read and is left out')
    })
  }

  query<Row>(sql: string, parameters?: Readonly<Record<string, SqlValue>>): Promise<Row[]> {
    return this.#opened().rows<Row>(sql, parameters)
  }

  async ask(sql: string, format: SqlFormat): Promise<Uint8Array> {
    this.#opened()
    return this.#sql!.ask(sql, format)
  }

  slice(slice: Slice): Promise<Uint8Array> {
    return readSlice(this.#opened(), slice)
  }

  async flush(): Promise<void> {
    this.#opened()
    const end = this.#queue.accepted
    while (this.#queue.settled < end && !this.#abandon.signal.aborted) {
      this.#write()
      await this.#writing
    }
  }

  status(): StoreStatus {
    const { oldestMs, rows, bytes } = this.#queue
    return {
      written: { ...(this.#sender?.written ?? nothingWritten()) },
      retries: this.#sender?.retries ?? 0,
      rowsWaiting: rows,
      bytesWaiting: bytes,
      lagMs: oldestMs === undefined ? 0 : Math.max(0, this.#options.now() - oldestMs),
      bytesOnDisk: this.#spill?.bytes ?? 0,
      failure: this.#sender?.failure,
    }
  }

  #take<Name extends TableName>(table: Name, row: TableRows[Name]): void {
    this.#queue.row(table, row, this.#accept())
    this.#plan()
  }

  #accept(): UnixMs {
    assert(this.#stopping === undefined, 'nothing is handed to a store that has stopped')
    return this.#options.now()
  }

  #opened(): Client {
    if (this.#client === undefined) throw new LmapError('LMAP_NOT_READY', 'the store is not open.')
    return this.#client
  }

  /** Writes now if a block is full, else when the oldest row is old enough. */
  #plan(): void {
    if (this.#client === undefined || this.#writing !== undefined || this.#queue.isEmpty) return
    if (this.#queue.rows >= this.#limits.storeRowsMax) this.#write()
    else this.#timer ??= setTimeout(() => this.#write(), this.#limits.storeAgeMs)
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing ??= this.#writeBlocks().finally(() => {
      this.#writing = undefined
      if (!this.#abandon.signal.aborted) this.#plan()
    })
  }

  async #writeBlocks(): Promise<void> {
    do {
      const block = this.#queue.take(this.#limits.storeRowsMax)
      for await (const insert of insertsOf(block, this.#limits.storeBodyBytesMax)) {
        if (!(await this.#sender!.send(insert))) return
      }
      this.#queue.settle()
    } while (this.#queue.rows >= this.#limits.storeRowsMax)
  }

  async #stop(): Promise<void> {
    if (this.#client === undefined) return
    const late = once(this.#abandon.signal, 'abort')
    const deadline = setTimeout(() => this.#abandon.abort(), this.#limits.storeStopMsMax)
    try {
      // An insert that hangs is left behind: closing the client ends it.
      await Promise.race([this.flush(), late])
    } finally {
      clearTimeout(deadline)
      clearTimeout(this.#timer)
      this.#abandon.abort()
      await this.#sql!.close()
      await this.#client.close()
      // What the disk was giving back has been cut off with the connection, or has just arrived.
      await Promise.race([this.#sender!.idle(), sleep(this.#limits.storeRetryMs)])
      this.#queue.release()
    }
    const failure = this.#sender!.failure
    if (this.#spill?.isEmpty === false) {
      const { files, bytes } = this.#spill
      this.#options.log.warn({ inserts: files, bytes }, 'rows wait on the disk: the next start writes them')
    }
    if (this.#queue.isEmpty) return
    throw new LmapError('LMAP_STORE_DOWN', `${this.#queue.rows} rows could not be written before the stop.`, {
      hint: failure === undefined ? 'The store was too slow.' : `The last failure was: ${failure}`,
    })
  }
}
