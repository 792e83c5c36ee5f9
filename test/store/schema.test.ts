// Guards the schema: the form for a cluster holds every table twice and can be parsed by the engine, keeping times are
// applied once and refused where they are none, and totals follow columns without counting any of them twice.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BUCKETS, LAYERS, Layer, usdOfCode } from '../../src/model/layers.ts'
import { openClient } from '../../src/store/client.ts'
import { clusterStatements } from '../../src/store/cluster.ts'
import { migrate, readMigrations, statementForm } from '../../src/store/migrations.ts'
import { applyRetention, readRetention } from '../../src/store/retention.ts'
import { createStore } from '../../src/store/store.ts'
import { column, now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const statements = readMigrations().flatMap((migration) => migration.statements)
const clustered = statements.flatMap(statementForm('map'))
const all = clustered.join('\n')
const tablesOf = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!)

test('on a cluster every table is replicated and has a distributed twin of its own name', () => {
  const names = tablesOf(statements.join('\n'), /^CREATE TABLE IF NOT EXISTS (\w+)/gm)
  expect(names).toContain('columns')
  expect(tablesOf(all, /^CREATE TABLE IF NOT EXISTS (\w+)_local ON CLUSTER map\n/gm)).toEqual(names)
  for (const name of names) {
    expect(all).toContain(`'/clickhouse/tables/{shard}/{database}/${name}', '{replica}'`)
    expect(all).toContain(
      `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER map AS ${name}_local ` +
        `ENGINE = Distributed(map, currentDatabase(), ${name}_local, cityHash64(asset))`,
    )
  }
  expect(all).toContain(`'{replica}', observedMs)`)
  expect(all).not.toMatch(/ENGINE = \w*(?<!Replicated)(?<!ReplicatedReplacing)MergeTree/)
  expect(all).toContain('column_totals_feed ON CLUSTER map TO column_totals_local AS')
  expect(all).toMatch(/FROM columns_local\s*$/m)
  expect(
    clustered.filter((statement) => !/ ON CLUSTER map\b/.test(statement) && !statement.startsWith('INSERT')),
  ).toEqual([])
})

test('the table of migrations is one replica set over all shards', () => {
  const [statement, ...more] = clusterStatements(
    'CREATE TABLE IF NOT EXISTS migrations (name String) ENGINE = ReplacingMergeTree ORDER BY name',
    'map',
  )
  expect(more).toEqual([])
  expect(statement).toContain(
    `ON CLUSTER map (name String) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/migrations', '{shard}-{replica}')`,
  )
})

test('a statement without a form for a cluster, and a name that is none, are refused', () => {
  expect(() => clusterStatements('RENAME TABLE a TO b', 'map')).toThrow('RENAME TABLE a TO b')
  expect(() => statementForm('map; DROP TABLE columns')).toThrow('name of the cluster')
})

test('keeping times are read, and refused where they are none', () => {
  expect(readRetention('columns.1m=7, liquidations=30')).toMatchObject({
    columns: { '1m': 7, '5m': 90 },
    tables: { liquidations: 30, scores: 3650 },
  })
  for (const text of ['', 'columns=3', 'columns.2m=3', 'scores=0', 'scores=x', 'migrations=3', 'constructor=3', 'a']) {
    expect(() => readRetention(text), text).toThrow('keeping time')
  }
})

engineSuite('schema', () => {
  test('the engine can parse every statement for a cluster, and those that make a user for readers', async () => {
    const client = await openClient({ path: temporaryFolder() })
    const reader = readFileSync(new URL('../../ops/clickhouse/reader.sql', import.meta.url), 'utf8').split(/;\n/)
    for (const statement of [...clustered, ...reader.filter((text) => text.trim() !== '')]) {
      const [row] = await client.rows<{ text: string | null }>('SELECT formatQueryOrNull({statement:String}) AS text', {
        statement,
      })
      expect(row!.text, statement).not.toBeNull()
    }
    await client.close()
  })

  test('keeping times are changed where they differ, and only there', async () => {
    const client = await openClient({ path: temporaryFolder() })
    await migrate(client)
    const form = statementForm(undefined)
    const retention = readRetention('columns.1m=7,liquidations=30')
    expect(await applyRetention(client, retention, form)).toEqual(['columns', 'liquidations'])
    expect(await applyRetention(client, retention, form)).toEqual([])
    await client.close()
  })

  test('totals follow columns, those that were there before and those that are written again', async () => {
    const client = await openClient({ path: temporaryFolder() })
    const migrations = readMigrations()
    const totals = migrations.findIndex(({ name }) => name === '0006_column-totals.sql')
    await migrate(client, migrations.slice(0, totals))
    await client.close()
    const path = client.where
    const cells = new Uint8Array(LAYERS * BUCKETS)
    cells[Layer.bid * BUCKETS + 5] = 40
    cells[Layer.bid * BUCKETS + 7] = 90
    cells[Layer.shortLiq * BUCKETS] = 3
    const old = await openClient({ path })
    await old.command(
      `INSERT INTO columns (asset, timeframe, time, quantumUsd, bidBase64) VALUES ('ETH', '1m', 1000, 10, '${Buffer.from([1, 0, 2]).toString('base64')}')`,
    )
    await old.close()
    const store = createStore({ client: { path }, log: keptLog(), now })
    await store.start()
    for (let time = 0; time < 2; time++) {
      store.column(column({ cells }))
      await store.flush()
    }
    const rows = await store.query<Record<string, number>>('SELECT * FROM totals ORDER BY asset')
    expect(rows).toHaveLength(2)
    expect(rows[0]!.bidUsd! / (usdOfCode(40, 10) + usdOfCode(90, 10))).toBeCloseTo(1, 5)
    expect(rows[0]!.shortLiqUsd! / usdOfCode(3, 10)).toBeCloseTo(1, 5)
    expect(rows[0]).toMatchObject({ askUsd: 0, longLevelUsd: 0 })
    expect(rows[1]!.bidUsd! / (usdOfCode(1, 10) + usdOfCode(2, 10))).toBeCloseTo(1, 5)
    await store.stop()
  })
})
