import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, onTestFinished } from 'vitest'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { requirement } from '../requirements.ts'
import { asset } from './rows.ts'

/** Seed of the random parts of this run, printed in their titles; LMAP_SEED=... repeats a run. */
export const seed = Number(process.env.LMAP_SEED ?? Math.floor(Math.random() * 2 ** 31))

const hasEngine = await import('chdb').then(
  () => true,
  () => false,
)

/** Tests that need the embedded engine. */
export function engineSuite(name: string, tests: () => void): void {
  const { title, skip } = requirement(name, hasEngine ? undefined : 'the embedded ClickHouse, npm install chdb')
  describe.skipIf(skip)(title, tests)
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Keeps what was logged, for tests to read. */
export function keptLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, debug: keep, info: keep, warn: keep, error: keep }
}

const usd = fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => value + 0)

/** Any column that the engine may hand over: sparse cells anywhere, also none. */
export const anyColumn: fc.Arbitrary<ClosedColumn> = fc
  .record({
    asset: fc.nat(64).map(asset),
    timeframe: fc.nat(5),
    openMs: fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 }),
    open: usd,
    high: usd,
    low: usd,
    close: usd,
    volumeUsd: usd,
    observedMs: fc.nat(86_400_000),
    baseBucket: fc.integer({ min: -2048, max: 1 << 28 }),
    step: fc.double({ min: 1e-12, max: 1e4, noNaN: true }),
    quantumUsd: fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
    changes: fc.array(fc.tuple(fc.nat(LAYERS * BUCKETS - 1), fc.nat(255)), { maxLength: 200 }),
  })
  .map(({ changes, ...fields }) => {
    const cells = new Uint8Array(LAYERS * BUCKETS)
    for (const [cell, code] of changes) cells[cell] = code
    return { ...fields, cells }
  })
