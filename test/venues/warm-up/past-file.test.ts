// Guards what is kept of the past: it reads back exactly, and no damaged, foreign or hostile file is ever believed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodePast, encodePast, type KeptPast, readPast, writePast } from '../../../src/venues/warm-up/past-file.ts'

const seed = Number(process.env.LMAP_SEED ?? 7)
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lmap-past-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function kept(bars: number): KeptPast {
  return {
    covered: { fromMs: 0, untilMs: bars * 300_000 },
    bars: Array.from({ length: bars }, (_, index) => ({
      openMs: index * 300_000,
      low: 0.000003 + index / 1e9,
      high: 0.000005 + index / 1e9,
      close: 0.000004 + index / 1e9,
      volumeUsd: 1234.5 + index,
    })),
    readingsCovered: { fromMs: 0, untilMs: 3_600_001 },
    readings: [
      { atMs: 0, coins: 5e11 },
      { atMs: 3_600_000, coins: 5.1e11 },
    ],
  }
}

function read(): { pasts: Map<number, KeptPast>; warnings: string[] } {
  const warnings: string[] = []
  return { pasts: readPast(folder, 'PEPE', (reason) => warnings.push(reason)), warnings }
}

test('what was written reads back', () => {
  const pasts = new Map([
    [0, kept(1440)],
    [4, kept(3)],
  ])
  writePast(folder, 'PEPE', pasts)
  expect(read()).toEqual({ pasts, warnings: [] })
})

test('no file is no reason to complain', () => {
  expect(read()).toEqual({ pasts: new Map(), warnings: [] })
})

test.each([
  ['no gzip', new Uint8Array([1, 2, 3])],
  ['another file', gzipSync(Buffer.from('something else entirely'))],
  ['a cut one', gzipSync(encodePast(new Map([[0, kept(5)]])).subarray(0, 100))],
  ['one of a venue that there is not', gzipSync(encodePast(new Map([[9, kept(1)]])))],
  ['one that unpacks to far too much', gzipSync(Buffer.alloc(64 << 20))],
])('%s counts as none, and is told of', (_name, bytes) => {
  mkdirSync(join(folder, 'warm-up'))
  writeFileSync(join(folder, 'warm-up', 'PEPE.bars.gz'), bytes)
  const { pasts, warnings } = read()
  expect(pasts.size).toBe(0)
  expect(warnings).toHaveLength(1)
})

test(`no bytes make it do anything but read or refuse (seed ${seed})`, () => {
  const sound = encodePast(new Map([[1, kept(4)]]))
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const bytes = sound.slice()
      bytes[at] = value
      try {
        for (const past of decodePast(bytes).values()) for (const bar of past.bars) expect(bar.low).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toMatchObject({ code: 'LMAP_FILE_FORMAT' })
      }
    }),
    { seed, numRuns: 2_000 },
  )
})
