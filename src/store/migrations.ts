import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../model/errors.ts'
import type { Client } from './client.ts'
import { clusterStatements } from './cluster.ts'

export interface Migration {
  readonly name: string
  readonly checksum: string
  readonly statements: readonly string[]
}

const folder = fileURLToPath(new URL('../../ops/clickhouse/', import.meta.url))

/** The numbered files of a folder, in order. A semicolon at the end of a line ends a statement. */
export function readMigrations(path: string = folder): Migration[] {
  return readdirSync(path)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      // A checkout may have turned the line ends.
      const text = readFileSync(`${path}/${name}`, 'utf8').replaceAll('\r\n', '\n')
      return {
        name,
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: text.split(/;\n/).filter((statement) => statement.trim() !== ''),
      }
    })
}

const migrationsTable = `CREATE TABLE IF NOT EXISTS migrations
    (name String, checksum String, appliedAt DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name`

/** What a statement for one node is where it runs. */
export type StatementForm = (statement: string) => string[]
const oneNode: StatementForm = (statement) => [statement]

/** The form for a cluster of that name, or for one node without. */
export function statementForm(cluster: string | undefined): StatementForm {
  if (cluster === undefined) return oneNode
  if (!/^[A-Za-z_]\w*$/.test(cluster)) {
    throw new LmapError('LMAP_CONFIG', 'the name of the cluster is not one.', { hint: 'Letters, digits and _ only.' })
  }
  return (statement) => clusterStatements(statement, cluster)
}

/**
 * Brings the schema up to date; answers the names of what was applied. Every statement says IF NOT EXISTS: a start that
 * was killed half-way, or two processes that start at once on one server, do no harm.
 */
export async function migrate(
  client: Client,
  migrations: readonly Migration[] = readMigrations(),
  form: StatementForm = oneNode,
): Promise<string[]> {
  for (const statement of form(migrationsTable)) await client.command(statement)
  const rows = await client.rows<{ name: string; checksum: string }>('SELECT name, checksum FROM migrations FINAL')
  const applied = new Map(rows.map((row) => [row.name, row.checksum]))
  const names = new Set(migrations.map((migration) => migration.name))
  const unknown = rows.find((row) => !names.has(row.name))
  if (unknown !== undefined) throw schemaError(client, `it was written by a newer version (${unknown.name})`)
  const changed = migrations.find(({ name, checksum }) => applied.has(name) && applied.get(name) !== checksum)
  if (changed !== undefined) throw schemaError(client, `${changed.name} is not the file that made it`)
  const missing = migrations.filter((migration) => !applied.has(migration.name))
  for (const { name, checksum, statements } of missing) {
    for (const statement of statements.flatMap(form)) await client.command(statement)
    await client.insert('migrations', ['name', 'checksum'], `${name}\t${checksum}\n`)
  }
  return missing.map((migration) => migration.name)
}

function schemaError(client: Client, why: string): LmapError {
  return new LmapError('LMAP_STORE_SCHEMA', `the database at ${client.where} does not fit this version: ${why}.`, {
    hint: 'Use the version that wrote it, or another folder or database.',
  })
}
