// Guards files that do not belong together: other periods, other assets, nothing usable. Each must be refused with a
// code and a sentence that names the file and what to do, and never be scored as if it were right.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type InputFiles, readInputs } from '../../src/engine/backtest/input-files.ts'
import { seed } from '../reference/prng.ts'
import { writeMarket } from './market-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'lmap-backtest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FROM_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe(`input files (seed ${seed})`, () => {
  const market = writeMarket(folder, 'btc', seed, { hours: 48, fromMs: FROM_MS, price: 60_000 })
  const later = writeMarket(folder, 'later', seed, { hours: 48, fromMs: FROM_MS + 30 * DAY_MS, price: 60_000 })
  const other = writeMarket(folder, 'eth', seed, { hours: 48, fromMs: FROM_MS, price: 3_000 })
  const read = (files: Partial<InputFiles>) => readInputs({ asset: 'BTC', ...market, ...files }, () => undefined)

  test('files that belong together are read, and told by their names on the way', async () => {
    const parts: string[] = []
    const inputs = await readInputs({ asset: 'BTC', ...market }, (part) => parts.push(part))
    expect([inputs.bars.size, inputs.liquidations.size, inputs.openInterest.timeMs.length]).toEqual([48, 48, 49])
    expect(parts).toEqual(['reading btc-oi.csv.gz', 'reading btc-bars.csv', 'reading btc-liquidations.csv'])
  })

  test('a period is cut out; one that is not there is refused with what is', async () => {
    const { openInterest } = await read({ from: FROM_MS + DAY_MS, to: FROM_MS + 1.5 * DAY_MS })
    expect(openInterest.timeMs[0]).toBe(FROM_MS + DAY_MS)
    expect(openInterest.timeMs.length).toBe(12)
    await expect(read({ from: FROM_MS + 10 * DAY_MS })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: `${market.oi} has nothing between --from and --to.`,
      hint: 'It covers 2026-01-01 00:00 to 2026-01-03 00:00.',
    })
  })

  test.each(['bars', 'liquidations'] as const)('%s of another period', async (name) => {
    await expect(read({ [name]: later[name] })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: `${market.oi} covers 2026-01-01 00:00 to 2026-01-03 00:00, ${later[name]} covers 2026-01-31 00:00 to 2026-02-02 00:00: no hour in common.`,
      hint: 'Give files of one period.',
    })
  })

  test('files of two assets that do not name them are told apart by their prices', async () => {
    await expect(read({ oi: other.oi })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: expect.stringContaining(`times those of ${market.bars}: they are not of one asset`),
    })
    const priced = write('priced.csv', `t,long_usd,short_usd,close\n${FROM_MS},1,1,3000\n`)
    await expect(read({ liquidations: priced })).rejects.toThrow('they are not of one asset')
  })

  test('an asset that the file has not, beside those that it has', async () => {
    const named = write('named.csv', `t,coin,h,l,c\n${FROM_MS},ETH,2,1,1\n${FROM_MS},SOLUSDT,2,1,1\n`)
    await expect(read({ bars: named })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: `${named} has no rows of BTC.`,
      hint: 'It has ETH, SOLUSDT.',
    })
  })

  test('a missing column, an empty file, a file without a usable row, one that is not there, a folder', async () => {
    const column = write('column.csv', `t,high,low\n${FROM_MS},2,1\n`)
    await expect(read({ bars: column })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: `${column} has no column for the close.`,
      hint: 'Name it close or c or price_close; it has: t, high, low.',
    })
    const empty = write('empty.csv', '')
    await expect(read({ bars: empty })).rejects.toMatchObject({
      code: 'LMAP_FILE_FORMAT',
      message: `${empty} is empty.`,
    })
    const useless = write('useless.csv', `t,high,low,close\n${FROM_MS},0,0,0\n`)
    await expect(read({ bars: useless })).rejects.toThrow('has no row that can be used')
    for (const path of [join(folder, 'nothing.csv'), folder]) {
      await expect(read({ liquidations: path })).rejects.toMatchObject({ code: 'LMAP_FILE_UNREADABLE' })
    }
  })
})
