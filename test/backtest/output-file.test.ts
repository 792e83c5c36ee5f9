// Guards what the back-test writes: CSV, gzipped CSV and Parquet of one table hold the same, a file has its name only when
// it is whole, and what cannot be written is said with a code.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { checkOutput, writeTable } from '../../src/engine/backtest/output-file.ts'
import { readTable, type WrittenColumn } from '../../src/engine/backtest/table-file.ts'
import { requirement } from '../requirements.ts'
import { chdbMissing } from './chdb.ts'

const folder = mkdtempSync(join(tmpdir(), 'lmap-backtest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FROM_MS = Date.UTC(2026, 0, 1)
const columns: readonly WrittenColumn[] = [
  { name: 'time', kind: 'time' },
  { name: 'side', kind: 'word' },
  { name: 'usd', kind: 'number' },
]
const parts = [`${FROM_MS},long,1.25\n${FROM_MS},short,\n`, `${FROM_MS + 1},long,1e-9\n`]
const text = `time,side,usd\n${parts.join('')}`

describe('tables written', () => {
  test('as CSV and gzipped CSV, by name', async () => {
    await writeTable(join(folder, 'a.csv'), columns, parts)
    await writeTable(join(folder, 'A.CSV.GZ'), columns, parts)
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe(text)
    expect(gunzipSync(readFileSync(join(folder, 'A.CSV.GZ'))).toString()).toBe(text)
  })

  const parquet = requirement('as Parquet, with times as timestamps and nothing where nothing is known', chdbMissing)
  test.skipIf(parquet.skip)(parquet.title, async () => {
    const path = join(folder, "it's.parquet")
    await writeTable(path, columns, parts)
    const table = await readTable(path)
    expect([...table.times()]).toEqual([FROM_MS, FROM_MS, FROM_MS + 1])
    expect(table.text(['side'])).toEqual(['long', 'short', 'long'])
    expect([...table.numbers(['usd'])!]).toEqual([1.25, Number.NaN, 1e-9])
    // A second run writes over the first.
    await writeTable(path, columns, parts.slice(1))
    expect((await readTable(path)).rows).toBe(1)
  })

  test('nothing half-written stays', async () => {
    function* broken(): Generator<string> {
      yield parts[0]!
      throw new Error('lost')
    }
    await expect(writeTable(join(folder, 'broken.csv'), columns, broken())).rejects.toThrow('lost')
    expect(existsSync(join(folder, 'broken.csv'))).toBe(false)
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([])
  })

  test('names and folders that will not do are refused', async () => {
    await expect(checkOutput('x.txt')).rejects.toThrow('x.txt does not say what to write')
    await expect(checkOutput('x.csv')).resolves.toBeUndefined()
    await expect(writeTable(join(folder, 'none', 'a.csv'), columns, parts)).rejects.toMatchObject({
      code: 'LMAP_FILE_UNWRITABLE',
    })
    mkdirSync(join(folder, 'taken.csv'))
    await expect(writeTable(join(folder, 'taken.csv'), columns, parts)).rejects.toMatchObject({
      code: 'LMAP_FILE_UNWRITABLE',
    })
  })
})
