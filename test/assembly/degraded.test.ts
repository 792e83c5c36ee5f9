// Guards the forecast when a venue falls silent: the rest of the market stands for it, and it is said that it does.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { flagsOf } from '../../src/model/model-states.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'

const asset = assetByName('BTC')!
const START_MS = Date.UTC(2026, 2, 1) + 60_000
const MISSING = 'a venue is missing'

/** Twenty minutes of two venues that trade alike; the second may end after six. Which flags were seen, by minute. */
function play(build: Build, isSilent: boolean): { core: CoreUnderTest; flags: string[][] } {
  const core = new CoreUnderTest(build, asset)
  const writer = new BatchWriter()
  const flags: string[][] = []
  for (let second = 0; second < 1_200; second += 10) {
    for (const venue of [0, 1]) {
      if (isSilent && venue === 1 && second >= 360) continue
      const timeMs = START_MS + second * 1_000
      writer.begin(venue, asset.id, second + 1, timeMs, timeMs, 0.1)
      writer.add(EventKind.openInterest, 0, 0, venue === 0 ? 60_000 : 30_000)
      writer.add(EventKind.trade, 0, 770_000 + (second % 40), venue === 0 ? 2 : 1)
      core.apply(writer.take())
    }
    if (second % 60 === 0) flags.push(flagsOf(core.memory.model().flags ?? 0))
  }
  return { core, flags }
}

describe.each(Object.keys(builds) as Build[])('a venue that is silent, %s build', (build) => {
  test('is told, and its share is put down to the others', () => {
    const silent = play(build, true)
    const whole = play(build, false)
    expect(whole.flags.flat()).not.toContain(MISSING)
    expect(silent.flags[4]).not.toContain(MISSING)
    expect(silent.flags.at(-1)).toContain(MISSING)
    // Both markets have the same turnover to open interest, so both maps hold the same USD.
    const usd = ({ core }: { core: CoreUnderTest }): number => {
      const { cells, quantumUsd } = core.columns.filter(({ timeframe }) => timeframe === 0).at(-1)!
      return cells.subarray(6 * 2048).reduce((sum, code) => sum + (code === 0 ? 0 : quantumUsd * 1.06 ** (code - 1)), 0)
    }
    expect(usd(silent) / usd(whole)).toBeCloseTo(1, 1)
  })
})
