import { LmapError } from '../model/errors.ts'
import { timeframes } from '../model/timeframes.ts'
import type { Client } from './client.ts'

/** Days that rows are kept, counted from their writing; the columns of each timeframe have a number of their own. */
export interface Retention {
  readonly columns: Readonly<Record<string, number>>
  readonly tables: Readonly<Record<string, number>>
}

/** What the migrations say. */
const standard: Retention = {
  columns: { '1m': 30, '5m': 90, '15m': 180, '1h': 1095, '4h': 1095, '1d': 1095 },
  tables: {
    liquidations: 1095,
    scores: 3650,
    venue_minutes: 365,
    column_totals: 1095,
    walls: 365,
    sweeps: 1095,
    absorptions: 1095,
    convergences: 1095,
    report_moments: 30,
    lift_trials: 1095,
  },
}
const DAYS_MAX = 36_500

/** Reads `columns.1m=60,liquidations=3650`; what is not named keeps its usual time. */
export function readRetention(text: string): Retention {
  const columns: Record<string, number> = { ...standard.columns }
  const tables: Record<string, number> = { ...standard.tables }
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name = '', timeframe, daysText] = /^(\w+)(?:\.(\w+))?=(\d+)$/.exec(part) ?? []
    const days = Number(daysText)
    if (days >= 1 && days <= DAYS_MAX) {
      if (name === 'columns' && timeframe !== undefined && Object.hasOwn(columns, timeframe)) columns[timeframe] = days
      else if (timeframe === undefined && Object.hasOwn(tables, name)) tables[name] = days
      else throw refusal(part)
    } else throw refusal(part)
  }
  return { columns, tables }
}

function refusal(part: string): LmapError {
  const names = [...timeframes.map(({ name }) => `columns.${name}`), ...Object.keys(standard.tables)]
  return new LmapError('LMAP_CONFIG', `"${part.slice(0, 40)}" is no keeping time.`, {
    hint: `Write NAME=DAYS with commas between, 1 to ${DAYS_MAX} days; names: ${names.join(', ')}.`,
  })
}

/** Gives the tables these keeping times where they have others; answers the tables that were changed. */
export async function applyRetention(
  client: Client,
  retention: Retention,
  form: (statement: string) => readonly string[],
): Promise<string[]> {
  const rows = await client.rows<{ name: string; engine: string }>(
    'SELECT name, engine_full AS engine FROM system.tables WHERE database = currentDatabase()',
  )
  const changed: string[] = []
  for (const [name, days] of [['columns', daysOfColumns(retention)] as const, ...Object.entries(retention.tables)]) {
    const wanted = `writtenAt + toIntervalDay(${days})`
    const engine = rows.find((row) => row.name === `${name}_local`) ?? rows.find((row) => row.name === name)
    if (engine === undefined || engine.engine.includes(`TTL ${wanted}`)) continue
    for (const statement of form(`ALTER TABLE ${name} MODIFY TTL ${wanted}`)) await client.command(statement)
    changed.push(name)
  }
  return changed
}

/** As the engine writes it back, so that it is recognised. */
function daysOfColumns({ columns }: Retention): string {
  const names = timeframes.map(({ name }) => name)
  const usual = names.slice(0, -1).map((name) => `timeframe = '${name}', ${columns[name]}`)
  return `multiIf(${usual.join(', ')}, ${columns[names.at(-1)!]})`
}
