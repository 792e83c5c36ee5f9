import type { Client } from './client.ts'

/** What a question may name. Whatever is not in here is refused. */
export interface SqlWords {
  isFunction(name: string): boolean
  /** A function that is not allowed: its bare name can be handed to another one, as in arrayMap(file, ...). */
  isForbidden(name: string): boolean
  isTableFunction(name: string): boolean
  /** Of our own database, without its name. */
  isTable(name: string): boolean
  /** Our own. */
  readonly database: string
}

/**
 * Groups of functions that only compute. All others are left out as a whole: they read files, tables, dictionaries,
 * settings or the server's memory, call out, wait, or are new and unknown.
 */
const safeCategories = new Set([
  'Arithmetic',
  'Arrays',
  'Bit',
  'Bitmap',
  'Comparison',
  'Conditional',
  'Dates and Times',
  'Distance',
  'Financial',
  'Hash',
  'JSON',
  'Logical',
  'Map',
  'Mathematical',
  'Null',
  'Random Number',
  'Rounding',
  'String',
  'String Replacement',
  'String Search',
  'String Splitting',
  'Time Window',
  'Tuple',
  'Type Conversion',
])
/** Of the remaining groups, and words of the grammar that the engine writes as functions. */
const safeByName = [
  'bar',
  'caseWithExpression',
  'exists',
  'formatReadableQuantity',
  'formatReadableSize',
  'formatReadableTimeDelta',
  'identity',
  'lambda',
  'materialize',
  'neighbor',
  'runningDifference',
  'toTypeName',
  'transform',
]
/** Formats can read schemas from files; the others reach into the engine. */
const unsafeByName = /^(formatRow.*|aggThrow|flameGraph|estimateCompressionRatio)$/
const safeTableFunctions = ['generateSeries', 'generate_series', 'numbers', 'values', 'zeros']
/** Ours, and nobody's business: images of the engine's memory and the schema's history. */
export const privateTable: RegExp = /^(checkpoints|migrations)(_local)?$/

/** Asks the engine what there is, once: functions come and go with its version. */
export async function readSqlWords(client: Client): Promise<SqlWords> {
  const functions = await client.rows<{
    name: string
    alias: string
    category: string
    isAggregate: number
    isLoose: number
  }>(`SELECT name, alias_to AS alias, toString(categories) AS category, is_aggregate AS isAggregate,
    case_insensitive AS isLoose FROM system.functions`)
  const combinators = await client.rows<{ name: string }>('SELECT name FROM system.aggregate_function_combinators')
  const tables = await client.rows<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  )
  const [own] = await client.rows<{ name: string }>('SELECT currentDatabase() AS name')
  const isSafe = (row: (typeof functions)[number] | undefined): boolean =>
    row !== undefined && !unsafeByName.test(row.name) && (row.isAggregate === 1 || safeCategories.has(row.category))
  const byName = new Map(functions.map((row) => [row.name, row]))
  const exact = new Set(safeByName)
  const loose = new Set<string>()
  for (const row of functions) {
    if (!isSafe(row) && !isSafe(byName.get(row.alias))) continue
    exact.add(row.name)
    if (row.isLoose === 1) loose.add(row.name.toLowerCase())
  }
  const aggregates = new Set(
    functions.filter((row) => row.isAggregate === 1 && exact.has(row.name)).map((row) => row.name),
  )
  const forbidden = new Set(
    functions
      .map(({ name }) => name)
      .filter((name) => !exact.has(name))
      .map(lowerCase),
  )
  const endings = combinators.map(({ name }) => name)
  const shared = new Set(tables.map(({ name }) => name).filter((name) => !privateTable.test(name)))
  return {
    isFunction: (name) => exact.has(name) || loose.has(name.toLowerCase()) || isCombined(name, aggregates, endings),
    isForbidden: (name) => forbidden.has(name.toLowerCase()),
    isTableFunction: (name) => safeTableFunctions.includes(name),
    isTable: (name) => shared.has(name),
    database: own!.name,
  }
}

/** An aggregate function with one or more endings, such as sumIf or quantileTDigestArrayIf. */
function isCombined(name: string, aggregates: ReadonlySet<string>, endings: readonly string[]): boolean {
  return endings.some((ending) => {
    const rest = name.slice(0, -ending.length)
    return name.endsWith(ending) && (aggregates.has(rest) || isCombined(rest, aggregates, endings))
  })
}

function lowerCase(text: string): string {
  return text.toLowerCase()
}
