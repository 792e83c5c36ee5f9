import { LmapError } from '../model/errors.ts'

/*
 * The schema for a cluster. Each table becomes two: NAME_local, replicated, where the rows lie, and NAME, Distributed,
 * which everybody reads and writes under the old name. Rows are spread by asset, so all versions of a row meet on one
 * shard and FINAL goes on to mean what it means on one node.
 */

/** Tables whose rows belong to no asset: on every node the same. */
const everywhere = new Set(['migrations'])

/** The statements that do on every node of a cluster what `statement` does on one. */
export function clusterStatements(statement: string, cluster: string): string[] {
  const bare = withoutLeadingComments(statement)
  const on = `ON CLUSTER ${cluster}`
  const table = /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(bare)
  if (table !== null) return tableStatements(bare, table[1]!, on, cluster)
  const feed = /^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS/.exec(bare)
  if (feed !== null) {
    // Where the rows lie: a feed on the Distributed table would see only what this node was given.
    const [head, name, target] = feed
    const select = bare.slice(head.length).replace(/\bFROM (\w+)/g, 'FROM $1_local')
    return [`CREATE MATERIALIZED VIEW IF NOT EXISTS ${name} ${on} TO ${target}_local AS${select}`]
  }
  const view = /^CREATE VIEW IF NOT EXISTS (\w+) AS/.exec(bare)
  if (view !== null) return [bare.replace(view[0], `CREATE VIEW IF NOT EXISTS ${view[1]} ${on} AS`)]
  if (bare.startsWith('INSERT INTO ')) return [bare]
  const alter = /^ALTER TABLE (\w+) /.exec(bare)
  if (alter !== null) {
    const stored = bare.replace(alter[0], `ALTER TABLE ${alter[1]}_local ${on} `)
    // What everybody reads has the same columns, but neither keeps nor drops rows.
    const isColumn = bare.slice(alter[0].length).startsWith('ADD COLUMN ')
    return isColumn ? [stored, bare.replace(alter[0], `ALTER TABLE ${alter[1]} ${on} `)] : [stored]
  }
  throw new LmapError('LMAP_STORE_SCHEMA', `a statement has no form for a cluster: ${bare.slice(0, 60)}`)
}

function tableStatements(statement: string, name: string, on: string, cluster: string): string[] {
  const isShared = everywhere.has(name)
  // A table that is the same everywhere is one replica set over all shards, and nobody spreads it.
  const path = isShared ? `/clickhouse/tables/{database}/${name}` : `/clickhouse/tables/{shard}/{database}/${name}`
  const replica = isShared ? '{shard}-{replica}' : '{replica}'
  const replicated = (_: string, kind: string, settings: string | undefined): string =>
    `ENGINE = Replicated${kind}(${[`'${path}'`, `'${replica}'`, ...(settings ? [settings] : [])].join(', ')})`
  const stored = isShared ? name : `${name}_local`
  const local = statement
    .replace(/^CREATE TABLE IF NOT EXISTS \w+/, `CREATE TABLE IF NOT EXISTS ${stored} ${on}`)
    .replace(/ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?/, replicated)
  if (isShared) return [local]
  const spread = `Distributed(${cluster}, currentDatabase(), ${stored}, cityHash64(asset))`
  return [local, `CREATE TABLE IF NOT EXISTS ${name} ${on} AS ${stored} ENGINE = ${spread}`]
}

function withoutLeadingComments(statement: string): string {
  return statement.replace(/^(\s*--[^\n]*\n|\s+)+/, '')
}
