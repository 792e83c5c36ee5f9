// Guards backup and restore as the runbook says them, on the real engine: what comes back is what was there to the last
// bit, checkpoints included, and nothing that is broken, cut off or would be mixed with other rows is taken for whole.

import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { backUp, restore } from '../../ops/backup/archive.ts'
import { startClickHouse } from '../../ops/clickhouse/clickhouse.ts'
import { differences, digestOf } from '../../ops/local/digest.ts'
import { describeError } from '../../src/model/errors.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { asset, checkpoint, liquidation, minutes, now } from '../store/rows.ts'
import { anyColumn, engineSuite, keptLog, seed, temporaryFolder } from '../store/samples.ts'

const quiet = (): void => undefined

async function serve(): Promise<(database: string) => string> {
  const server = await startClickHouse({ port: 0, path: temporaryFolder() })
  onTestFinished(() => server.stop())
  return (database) => `${server.url}/${database}`
}

async function opened(client: { url: string } | { path: string }): Promise<ClickHouseStore> {
  const store = createStore({ client, log: keptLog(), now })
  await store.start()
  return store
}

async function fill(store: ClickHouseStore): Promise<void> {
  // Each is of a month of its own, and every month a folder in each table.
  for (const column of fc.sample(anyColumn, { numRuns: 12, seed })) store.column(column)
  for (const row of minutes(200)) store.column(row)
  store.liquidation(liquidation())
  store.checkpoint(checkpoint())
  await store.flush()
}

async function made(url: string): Promise<string> {
  await (await opened({ url })).stop()
  return url
}

engineSuite(`backup (seed ${seed})`, () => {
  test('what is restored is what was there', async () => {
    const database = await serve()
    const store = await opened({ url: database('first') })
    await fill(store)
    const folder = join(temporaryFolder(), 'backup')
    const lines: string[] = []
    const manifest = await backUp(database('first'), folder, (line) => lines.push(line))
    expect(lines[0]).toBe('checkpoints: 1 rows')
    expect(manifest.tables.columns!.rows).toBeGreaterThan(205)
    await restore(await made(database('second')), folder, quiet)
    expect(differences(await digestOf(database('first')), await digestOf(database('second')))).toEqual([])
    const second = await opened({ url: database('second') })
    expect(await second.checkpoints()).toEqual(await store.checkpoints())
    expect(await second.columns(asset(0), 0, 360)).toEqual(await store.columns(asset(0), 0, 360))
    await second.stop()
    await store.stop()
  })

  test('rows larger than an insert are restored too', async () => {
    const database = await serve()
    const store = await opened({ url: database('first') })
    // Line ends, tabs and zeros among the bytes: each is two in the file.
    for (const [index, mib] of [5, 1, 9, 1].entries()) {
      const image = Uint8Array.from({ length: mib << 20 }, (_, at) => (at * (index + 3) + (at >> 8)) & 255)
      store.checkpoint(checkpoint({ asset: asset(index), image }))
    }
    await store.flush()
    const folder = join(temporaryFolder(), 'backup')
    await backUp(database('first'), folder, quiet)
    await restore(await made(database('second')), folder, quiet)
    const second = await opened({ url: database('second') })
    const digests = async (from: ClickHouseStore) =>
      (await from.checkpoints())
        .map(({ asset, image }) => `${asset} ${createHash('sha256').update(image).digest('hex')}`)
        .sort()
    expect(await digests(second)).toEqual(await digests(store))
    expect(await digests(second)).toHaveLength(4)
    await second.stop()
    await store.stop()
  })

  test('what is not whole, or would be mixed, is refused', async () => {
    const database = await serve()
    const store = await opened({ url: database('first') })
    await fill(store)
    await store.stop()
    const folder = temporaryFolder()
    await backUp(database('first'), folder, quiet)
    const refusal = async (change: (copy: string) => void, target = 'second'): Promise<string> => {
      const copy = temporaryFolder()
      cpSync(folder, copy, { recursive: true })
      change(copy)
      return describeError(await restore(await made(database(target)), copy, quiet).catch((error: unknown) => error))
    }
    expect(await refusal((copy) => rmSync(join(copy, 'manifest.json')))).toMatch(/^LMAP_FILE_UNREADABLE: .* cut off/)
    expect(await refusal((copy) => truncateSync(join(copy, 'columns.tsv.zst'), 500))).toMatch(/not what was written/)
    expect(await refusal((copy) => rmSync(join(copy, 'columns.tsv.zst')))).toMatch(/^LMAP_FILE_UNREADABLE: /)
    const edited = (from: RegExp, to: string) => (copy: string) => {
      const path = join(copy, 'manifest.json')
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))
    }
    expect(await refusal(edited(/"columns": \{/, '"columns; DROP TABLE columns": {'))).toMatch(/is no table/)
    expect(await refusal(edited(/"0001_columns.sql"/, '"9999_later.sql"'))).toMatch(/^LMAP_STORE_SCHEMA: .*9999_later/)
    const endless = zstdCompressSync(Buffer.alloc(65 << 20, 'x'))
    const sha256 = createHash('sha256').update(endless).digest('hex')
    const withoutLines = (copy: string): void => {
      writeFileSync(join(copy, 'checkpoints.tsv.zst'), endless)
      edited(/("checkpoints": \{[^}]*"sha256": ")\w+/, `$1${sha256}`)(copy)
    }
    expect(await refusal(withoutLines)).toMatch(/^LMAP_FILE_FORMAT: .*a row of more than 64 MiB/)
    expect(await refusal(quiet, 'first')).toMatch(/^LMAP_CONFIG: .* holds rows already/)
    const again = await backUp(database('first'), folder, quiet).catch((error: unknown) => error)
    expect(describeError(again)).toMatch(/^LMAP_FILE_UNWRITABLE: .* holds a backup already/)
    const empty = await backUp(database('first').replace('/first', '/none'), temporaryFolder(), quiet).catch(
      (error: unknown) => error,
    )
    expect(describeError(empty)).toMatch(/^LMAP_CONFIG: there is no history/)
  })

  test('the folder of a map that has stopped is its backup', async () => {
    const path = temporaryFolder()
    const store = await opened({ path })
    await fill(store)
    const columns = await store.columns(asset(0), 0, 360)
    await store.stop()
    const copy = temporaryFolder()
    cpSync(path, copy, { recursive: true, filter: (source) => !source.endsWith('/status') })
    rmSync(path, { recursive: true })
    expect(readdirSync(copy).length).toBeGreaterThan(0)
    const again = await opened({ path: copy })
    expect(await again.columns(asset(0), 0, 360)).toEqual(columns)
    await again.stop()
  })
})
