// Guards what users hand in: files in each format and shape must be read to the same numbers, and bad ones refused
// with one line that names the file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { parseCsv, timeOf } from '../../src/engine/backtest/columns.ts'
import { hourBars, openInterest, realisedByHour } from '../../src/engine/backtest/inputs.ts'
import { binOf, knownPositions } from '../../src/engine/backtest/positions.ts'
import { prepareSteps } from '../../src/engine/backtest/steps.ts'
import { readTable } from '../../src/engine/backtest/table-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'lmap-backtest-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = (name: string, bytes: string | Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}
const HOUR = Date.UTC(2026, 0, 1)

describe('tables', () => {
  test('CSV, gzipped CSV and CSV from a spreadsheet are the same', async () => {
    const text = 't,"oi",oi_usd\n1767225600000,2,200\n1767225900000,,330\n'
    const fromSpreadsheet = `\ufeff${text.replaceAll('\n', '\r\n')}`
    for (const path of [write('a.csv', text), write('a.csv.gz', gzipSync(text)), write('b.csv', fromSpreadsheet)]) {
      const table = await readTable(path)
      expect(table.rows).toBe(2)
      expect([...table.numbers(['oi'])!]).toEqual([2, Number.NaN])
      expect([...table.times()]).toEqual([1767225600000, 1767225900000])
    }
  })

  test('times: ms, seconds, ISO with and without zone', () => {
    for (const text of [
      '1767225600000',
      '1767225600',
      '2026-01-01',
      '2026-01-01 00:00:00.000000',
      '2026-01-01T01:00:00+01:00',
    ]) {
      expect(timeOf(text), text).toBe(HOUR)
    }
    expect(timeOf('yesterday')).toBeNaN()
  })

  test('what is wrong with a file is said with its name', async () => {
    await expect(readTable(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'LMAP_FILE_UNREADABLE' })
    const cut = gzipSync('t,oi\n1,2\n').subarray(0, 15)
    await expect(readTable(write('cut.gz', cut))).rejects.toMatchObject({ code: 'LMAP_FILE_TRUNCATED' })
    expect(() => parseCsv('x.csv', 'a,b\n1\n')).toThrow('x.csv: line 2 has 1 fields, not 2')
    const table = parseCsv('x.csv', 't,high\n1767225600000,2\n')
    expect(() => hourBars(table, 'BTC', undefined)).toThrow('x.csv has no column for the low')
    expect(() => realisedByHour(table, 'BTC')).toThrow('x.csv has no column for liquidated longs')
    expect(() => parseCsv('x.csv', 't,h\nnoon,2\n').times()).toThrow('"noon" in row 1 is not a time')
  })
})

describe('inputs', () => {
  test('bars shorter than an hour are put together; one asset and venue of many is taken', () => {
    const table = parseCsv(
      'bars.csv',
      [
        'timestamp,venue,coin,h,l,c,v',
        '2026-01-01 00:00:00,bybit,BTC,99,1,50,1',
        '2026-01-01 00:00:00,binance,BTC,12,9,9,1',
        '2026-01-01 00:30:00,binance,BTC,15,12,12,2',
        '2026-01-01 00:00:00,binance,ETH,5,4,4,1',
      ].join('\n'),
    )
    expect(hourBars(table, 'BTC', undefined).get(HOUR)).toEqual({ high: 15, low: 9, volumeUsd: 10 + 26 })
    expect(hourBars(table, 'BTC', 'bybit').get(HOUR)).toEqual({ high: 99, low: 1, volumeUsd: 50 })
    expect(() => hourBars(table, 'BTC', 'okx')).toThrow('has no rows of okx')
    expect(() => hourBars(table, 'DOGE', undefined)).toThrow('has no rows of DOGE')
  })

  test('open interest is sorted, rounded to its step, one row a step', () => {
    const five = 300_000
    const rows = [
      [HOUR + 2 * five, 3, 330],
      [HOUR + 1_234, 1, 100],
      [HOUR + five - 900, 2, 210],
      [HOUR + five + 5, 2, 220],
      [HOUR + 3 * five, 0, 0],
    ]
    const marks = openInterest(parseCsv('oi.csv', `t,oi,oi_usd\n${rows.map((row) => row.join(',')).join('\n')}`), 'BTC')
    expect([...marks.timeMs]).toEqual([HOUR, HOUR + five, HOUR + 2 * five])
    expect([...marks.price]).toEqual([100, 110, 110])
  })

  test("an hour's true extremes go into the step that reached furthest, unless they are bad prints", () => {
    const five = 300_000
    const marks = {
      timeMs: Float64Array.from([1, 2, 3, 4], (i) => HOUR + i * five),
      coins: new Float64Array(4).fill(1),
      price: Float64Array.from([100, 104, 97, 100]),
    }
    const steps = (high: number, low: number) => prepareSteps(marks, new Map([[HOUR, { high, low, volumeUsd: 1 }]]))
    expect([...steps(106, 90).high]).toEqual([100, 106, 104, 100])
    expect([...steps(106, 90).low]).toEqual([100, 100, 90, 97])
    expect([...steps(120, 60).high]).toEqual([100, 104, 104, 100])
    expect([...steps(120, 60).low]).toEqual([100, 100, 97, 97])
    expect(steps(106, 90).volumeUsd[0]).toBeNaN()
  })

  test('positions without a liquidation price are left out', () => {
    const table = parseCsv(
      'positions.csv',
      'snapshot,coin,direction,liq_px,position_value_usd\n2026-01-01,BTC,Long,90,5\n2026-01-01,BTC,Short,,7\n2026-01-01,ETH,Long,1,1',
    )
    expect(knownPositions(table, 'BTC')).toEqual([{ timeMs: HOUR, side: 0, usd: 5, liquidationPrice: 90 }])
    expect([binOf(0, 97, 100), binOf(1, 103, 100), binOf(0, 103, 100), binOf(0, 50, 100)]).toEqual([1, 1, -1, -1])
  })
})
