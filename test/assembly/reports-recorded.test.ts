// Guards walls and sweeps on real recordings: what the core tells while it streams must be what a plain script finds
// that has the whole recording in memory, each event with its time, its place and its end.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { batchBytes } from '../../src/model/events.ts'
import { type Report, reportFloorUsd, type SweepRow, type WallRow } from '../../src/model/reports.ts'
import { readHistory } from '../reference/report-history.ts'
import { referenceSweeps } from '../reference/report-sweeps.ts'
import { referenceWalls } from '../reference/report-walls.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import { play } from '../venues/replay/play.ts'
import { CoreUnderTest } from './core.ts'

const recorded = requirement('recordings', sharedMissing('recordings'))
const asset = assetByName('BTC')!
const floorUsd = reportFloorUsd(asset.openInterestUsd)

/** Reports of the core, batch by batch; the last word of each. */
function told(batches: Uint8Array): Report[] {
  const core = new CoreUnderTest('release', asset)
  const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
  for (let at = 0, bytes = 0; at < batches.byteLength; at += bytes) {
    bytes = batchBytes(view, at)
    core.apply(batches.subarray(at, at + bytes))
  }
  return [...new Map(core.reports.map((row) => [row.id, row])).values()]
}

describe.skipIf(recorded.skip)(recorded.title, () => {
  test.each([
    ['hftbacktest/usdm_btcusdt_20240808.gz', 20, 10],
    // Twenty levels a side are less than a wall's neighbours.
    ['hyperliquid_20260611', 0, 20],
  ])(
    '%s',
    async (name, wallsMin, sweepsMin) => {
      const { bytes } = await play(sharedPath(`recordings/${name}`))
      const reports = told(bytes)
      const history = readHistory(bytes, asset.gridTick)
      const walls = referenceWalls(history, floorUsd)
      const rows = reports.filter((row): row is WallRow => row.kind === 'wall')
      const keyOf = (side: number, bucket: number, ms: number): string =>
        `${side === 0 ? 'bid' : 'ask'} ${bucket} ${ms}`
      const states = new Map(rows.map((row) => [`${row.side} ${row.bucket} ${row.startMs}`, row.state]))
      expect(states).toEqual(new Map(walls.map((wall) => [keyOf(wall.side, wall.bucket, wall.sinceMs), wall.state])))
      const sweeps = reports
        .filter((row): row is SweepRow => row.kind === 'sweep')
        .sort((a, b) => a.startMs - b.startMs)
      expect(
        sweeps.map((row) => ({
          side: row.side,
          startMs: row.startMs,
          endMs: row.endMs,
          levels: row.levels,
          bucket: row.bucket,
        })),
      ).toEqual(
        referenceSweeps(history, floorUsd).map((row) => ({
          side: row.taker === 0 ? 'buy' : 'sell',
          startMs: row.firstMs,
          endMs: row.endMs,
          levels: row.levels,
          bucket: row.bucket,
        })),
      )
      expect(walls.length).toBeGreaterThanOrEqual(wallsMin)
      expect(sweeps.length).toBeGreaterThanOrEqual(sweepsMin)
    },
    120_000,
  )
})
