import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assets } from '../src/model/assets.ts'
import { layers } from '../src/model/layers.ts'
import { COLUMNS, timeframes } from '../src/model/timeframes.ts'
import type { UnixMs } from '../src/model/units.ts'
import { type ClickHouseStore, createStore } from '../src/store/store.ts'
import { questionsOfDoc } from '../test/store/sql-doc.ts'
import { type Bench, type Row, rounded } from './figures.ts'
import { type Shapes, shapesOf } from './history-shapes.ts'

/*
 * The history at its size: columns that the core made of a simulated market are written through the store and weighed
 * on the disk, then repeated by SQL over days and assets, so that reading has its real number of rows. Columns of longer
 * timeframes have the shapes of minutes.
 */

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const quiet = () => undefined
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const small = { days: 2, assets: 4, shapeMinutes: 60, rate: 300, inserts: 2000, asks: 60 }
const real = { days: 30, assets: assets.length, shapeMinutes: 240, rate: 1000, inserts: 20_000, asks: 1000 }
/** Columns of one statement: more would not fit into the memory that a query may take. */
const STATEMENT_ROWS = 8_000
const MERGE_POLL_MS = 200
const SHAPE_ASSET = 'BTC'
const SEED = 1

export const bench: Bench = async ({ full }) => {
  const size = full ? real : small
  const folder = mkdtempSync(join(tmpdir(), 'lmap-history-'))
  const store = createStore({ client: { path: folder }, log, now: () => Date.now() as UnixMs })
  await store.start()
  // Small parts keep all columns in one file and cannot say what each takes.
  await store.query('ALTER TABLE columns MODIFY SETTING min_bytes_for_wide_part = 0')
  try {
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const shapes = await shapesOf(SHAPE_ASSET, endMs - size.shapeMinutes * MINUTE_MS, size.shapeMinutes, size.rate)
    await insertShapes(store, shapes)
    // Before anything is repeated: a copy beside its original would be compressed away.
    await store.query('OPTIMIZE TABLE columns FINAL')
    const bytes = await bytesByColumn(store)
    const insertRate = await measureInserts(store, shapes, size.inserts, endMs)
    await repeatShapes(store, size, endMs)
    const asOf = await measureAsOf(store, size, endMs)
    const [count] = await store.query<{ n: number }>('SELECT count() AS n FROM columns')
    const questions = await measureQuestions(store)
    const total = [...bytes.values()].reduce((sum, one) => sum + one, 0)
    const layerRows = layers.map(
      ({ name }): Row => ({ name: `disk, ${name}`, value: bytes.get(name) ?? 0, unit: 'B/column' }),
    )
    return {
      title: `History: ${size.days} days of ${size.assets} assets, ${count!.n} columns in the embedded engine, seed ${SEED}.`,
      rows: [
        {
          name: 'columns written',
          value: insertRate,
          unit: 'rows/s',
          note: 'through the store, main thread and engine',
        },
        {
          name: 'as of, p50',
          value: asOf.p50,
          unit: 'ms',
          note: `limit 50 ms; ${size.asks} times, streams and moments`,
        },
        { name: 'as of, p99', value: asOf.p99, unit: 'ms', note: 'limit 150 ms' },
        ...layerRows,
        { name: 'disk, all of it', value: total, unit: 'B/column' },
        ...questions.map(
          ({ number, title, ms }): Row => ({ name: `question ${number}`, value: ms, unit: 'ms', note: title }),
        ),
      ],
      figures: {
        asOfMsP50: rounded(asOf.p50),
        asOfMsP99: rounded(asOf.p99),
        insertRowsPerSecond: rounded(insertRate),
        columns: count!.n,
        bytesPerColumn: rounded(total),
        ...Object.fromEntries(layers.map(({ name }) => [`${name}BytesPerColumn`, rounded(bytes.get(name) ?? 0)])),
        ...Object.fromEntries(questions.map(({ number, ms }) => [`question${number}Ms`, rounded(ms)])),
      },
    }
  } finally {
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function insertShapes(store: ClickHouseStore, shapes: Shapes): Promise<void> {
  for (const column of shapes.columns) if (column.timeframe === 0) store.column(column)
  for (const row of shapes.liquidations) store.liquidation(row)
  for (const row of shapes.scores) store.score(row)
  await store.flush()
}

/** Rows a second, of minutes that lie before all others. */
async function measureInserts(store: ClickHouseStore, shapes: Shapes, count: number, endMs: number): Promise<number> {
  const minutes = shapes.columns.filter(({ timeframe }) => timeframe === 0)
  const beginMs = endMs - real.days * DAY_MS - count * MINUTE_MS
  const beganMs = performance.now()
  for (let row = 0; row < count; row++) {
    store.column({ ...minutes[row % minutes.length]!, openMs: beginMs + row * MINUTE_MS })
  }
  await store.flush()
  return (1000 * count) / (performance.now() - beganMs)
}

/** Every timeframe of every asset, back from `endMs`. */
async function repeatShapes(store: ClickHouseStore, size: typeof small, endMs: number): Promise<void> {
  const kept = ['open', 'high', 'low', 'close', 'volumeUsd', 'step', 'quantumUsd', 'baseBucket']
  const cells = layers.flatMap(({ name }) => [`${name}Bucket`, name])
  const copied = [...kept, ...cells].join(', ')
  await store.query(`CREATE TABLE shapes ENGINE = Memory AS
    SELECT toUInt64(row_number() OVER (ORDER BY time) - 1) AS number, ${copied} FROM columns FINAL
      WHERE time >= fromUnixTimestamp64Milli(${endMs - size.shapeMinutes * MINUTE_MS}, 'UTC')`)
  for (const asset of assets.slice(0, size.assets)) {
    for (const { name, ms } of timeframes) {
      const count = (size.days * DAY_MS) / ms
      for (let from = 0; from < count; from += STATEMENT_ROWS) {
        const rows = Math.min(STATEMENT_ROWS, count - from)
        // Each asset begins elsewhere in the shapes, so that neighbours on the disk are not the same.
        await store.query(`INSERT INTO columns (asset, timeframe, time, observedMs, ${copied})
          SELECT '${asset.name}', '${name}', fromUnixTimestamp64Milli(toInt64(${endMs} - (place + 1) * ${ms}), 'UTC'), ${ms}, ${copied}
          FROM (SELECT number AS place, (number + ${asset.id} * 17) % assumeNotNull((SELECT count() FROM shapes)) AS shape
            FROM numbers(${from}, ${rows})) AS places
          JOIN shapes ON shapes.number = places.shape`)
      }
    }
  }
  await store.query('DROP TABLE shapes')
  await store.query('OPTIMIZE TABLE columns FINAL')
  // What is still being merged would be measured too.
  const merging = async () => (await store.query<{ n: number }>('SELECT count() AS n FROM system.merges'))[0]!.n
  while ((await merging()) > 0) await sleep(MERGE_POLL_MS)
}

async function measureAsOf(
  store: ClickHouseStore,
  size: typeof small,
  endMs: number,
): Promise<{ p50: number; p99: number }> {
  const random = xorshift(SEED)
  const times: number[] = []
  for (let ask = 0; ask < size.asks; ask++) {
    const asset = assets[Math.floor(random() * size.assets)]!
    const timeframe = Math.floor(random() * timeframes.length)
    const atMs = endMs - random() * size.days * DAY_MS * 0.9
    const beganMs = performance.now()
    await store.at(asset.id, timeframe, atMs, COLUMNS - 1)
    times.push(performance.now() - beganMs)
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))]!
  return { p50: at(0.5), p99: at(0.99) }
}

async function bytesByColumn(store: ClickHouseStore): Promise<Map<string, number>> {
  const rows = await store.query<{ name: string; bytes: number }>(`SELECT column AS name,
      sum(column_data_compressed_bytes) / sum(rows) AS bytes
    FROM system.parts_columns WHERE database = currentDatabase() AND table = 'columns' AND active GROUP BY column`)
  return new Map(rows.map(({ name, bytes }) => [name, bytes]))
}

async function measureQuestions(store: ClickHouseStore): Promise<{ number: number; title: string; ms: number }[]> {
  const measured: { number: number; title: string; ms: number }[] = []
  for (const { number, title, sql } of questionsOfDoc()) {
    const beganMs = performance.now()
    await store.ask(sql, 'json')
    measured.push({ number, title, ms: performance.now() - beganMs })
  }
  return measured
}

function xorshift(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
