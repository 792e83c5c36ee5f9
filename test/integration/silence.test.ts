// Guards the silence test on a whole simulated market: nobody is suspected while every feed is alive, and a feed that is
// muted in the log, its signs of life left in, is found by the first unusual move.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BATCH_HEADER_BYTES, EventKind, RECORD_BYTES, readHeader } from '../../src/model/events.ts'
import { VENUES, venueStates } from '../../src/model/venues.ts'
import { CoreUnderTest } from '../assembly/core.ts'
import { seed } from '../reference/prng.ts'
import { split } from './damage.ts'
import { bytesOf } from './wiring.ts'

const names = ['BTC', 'TIA', 'ETC']
const START_MS = Date.UTC(2026, 0, 5, 12)
const MINUTES = 30
const MUTED_FROM_MS = START_MS + 12 * 60_000
const LOOK_MS = 5_000
const SUSPECT = venueStates.indexOf('suspect')

const bytes = await bytesOf({
  kind: 'simulator',
  options: {
    seed,
    assets: names,
    levelsPerSecond: 1_500,
    startMs: START_MS,
    durationMs: MINUTES * 60_000,
    speed: 'max',
  },
})
const batches = split(bytes).map((batch) => {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  return { batch, header: readHeader(view, 0), isNews: isNews(view) }
})

/** More than a sign of life. */
function isNews(view: DataView): boolean {
  for (let at = BATCH_HEADER_BYTES; at < view.byteLength; at += RECORD_BYTES) {
    if (view.getUint8(at) !== EventKind.heartbeat) return true
  }
  return false
}

/** Times at which each venue of an asset was suspect, looked at every few seconds. */
function suspects(name: string, muted: number | undefined): number[][] {
  const asset = assetByName(name)!
  const core = new CoreUnderTest('release', asset)
  const times = Array.from({ length: VENUES }, (): number[] => [])
  let lookMs = START_MS
  for (const { batch, header, isNews } of batches) {
    if (header.asset !== asset.id) continue
    if (header.venue === muted && isNews && header.receiveMs >= MUTED_FROM_MS) continue
    core.apply(batch)
    if (header.receiveMs < lookMs) continue
    lookMs = header.receiveMs + LOOK_MS
    for (const [venue, found] of times.entries()) {
      if (core.memory.venue(venue).state === SUSPECT) found.push(header.receiveMs)
    }
  }
  return times
}

describe.each(names)(`%s (seed ${seed})`, (name) => {
  test('live feeds are not suspected', () => {
    expect(suspects(name, undefined).flat()).toEqual([])
  })

  test('a mute feed is found, and no other', () => {
    const muted = 1
    const found = suspects(name, muted)
    const sinceMs = found[muted]!.filter((timeMs) => timeMs >= MUTED_FROM_MS)
    console.log(`${name}: suspect ${((sinceMs[0] ?? Number.NaN) - MUTED_FROM_MS) / 1000} s after it fell silent`)
    expect(sinceMs.length).toBeGreaterThan(0)
    expect(found.flatMap((times, venue) => (venue === muted ? [] : times))).toEqual([])
  })
})
