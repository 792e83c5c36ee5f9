/** Walls of a whole recording, found by looking at every bucket's history from one end to the other. */
import type { History, Sample } from './report-history.ts'

const NEIGHBOURS = 10
const NEIGHBOURS_MIN = 8
const BEYOND = 60
const BAND = 0.05
const ACTIVE_MS = 5_000
const GONE_MS = 1_000
const MOVE_MS = 2_000

export interface ReferenceWall {
  readonly side: number
  readonly bucket: number
  readonly sinceMs: number
  readonly state: 'active' | 'filled' | 'pulled' | 'moved' | 'faded' | 'stale'
  readonly endMs: number
  readonly peakCents: number
}

/** A bucket from its first sighting on. */
interface Candidate {
  readonly side: number
  readonly bucket: number
  readonly sinceMs: number
  /** Sample by sample, from the first sighting to the last sample in which it was followed. */
  readonly cents: Map<number, number>
  readonly endMs: number
}

interface Followed extends Candidate {
  readonly activeMs: number | undefined
  readonly goneMs: number
  readonly stale: boolean
  readonly peak: number
  readonly executed: number
  readonly fallen: { ms: number; near: boolean; before: number } | undefined
  readonly before: number
  readonly lastCents: number
}

export function referenceWalls(history: History, floorUsd: number): ReferenceWall[] {
  const { samples } = history
  const candidates: Followed[] = []
  for (const side of [0, 1]) {
    /** Samples in which a bucket stands out. */
    const seen = new Map<number, number[]>()
    samples.forEach((sample, index) => {
      for (const bucket of standing(history, sample, side, floorUsd)) {
        const list = seen.get(bucket)
        if (list === undefined) seen.set(bucket, [index])
        else list.push(index)
      }
    })
    for (const [bucket, list] of seen) {
      for (let from = 0; from < list.length; ) {
        const followed = follow(history, side, bucket, list[from]!, new Set(list))
        candidates.push(followed.wall)
        const next = list.findIndex((index) => index > followed.last)
        from = next < 0 ? list.length : next
      }
    }
  }
  return candidates
    .filter((one) => one.activeMs !== undefined)
    .map((one) => outcome(history, one, candidates))
    .sort((a, b) => a.sinceMs - b.sinceMs || a.bucket - b.bucket)
}

/** Buckets with 8 times their neighbours' median, 2 % of their side of the band, and the floor. */
function standing(history: History, sample: Sample, side: number, floorUsd: number): number[] {
  if (sample.cents === undefined) return []
  const reach = Math.trunc((sample.price * BAND) / history.step)
  const best = sample.best[side]!
  const inBand = [...sample.cents[side]!].filter(([bucket]) => Math.abs(bucket - best) <= reach)
  const sum = inBand.reduce((total, [, cents]) => total + cents, 0)
  return inBand
    .filter(
      ([bucket, cents]) => cents >= Math.max(0.02 * sum, floorUsd * 100) && standsOut(history, sample, side, bucket, 8),
    )
    .map(([bucket]) => bucket)
}

function standsOut(history: History, sample: Sample, side: number, bucket: number, times: number): boolean {
  const cents = sample.cents?.[side] ?? new Map<number, number>()
  const reach = Math.trunc((sample.price * BAND) / history.step) + BEYOND
  const sorted = [...cents].filter(([at]) => Math.abs(at - sample.best[side]!) <= reach).sort(([a], [b]) => a - b)
  const below = sorted.filter(([at]) => at < bucket).slice(-NEIGHBOURS)
  const above = sorted.filter(([at]) => at > bucket).slice(0, NEIGHBOURS)
  const values = [...below, ...above].map(([, value]) => value).sort((a, b) => a - b)
  const median = values[(values.length - 1) >> 1]
  return median !== undefined && values.length >= NEIGHBOURS_MIN && median <= (cents.get(bucket) ?? 0) / times
}

/** What became of a bucket that stood out at `first`, and the last sample that belongs to it. */
function follow(history: History, side: number, bucket: number, first: number, seen: ReadonlySet<number>) {
  const { samples } = history
  const sinceMs = samples[first]!.ms
  const cents = new Map<number, number>()
  let [present, counted, seenMs, peak, executedAtPeak, before, goneMs, lastCents] = [0, 0, sinceMs, 0, 0, 0, 0, 0]
  let activeMs: number | undefined
  let fallen: Followed['fallen']
  const executedAt = (index: number): number =>
    executedBetween(history, side, bucket, samples[first]!.prints, samples[index]!.prints)
  const wall = (index: number, stale = false): { wall: Followed; last: number } => {
    const executed = executedAt(index) - executedAtPeak
    const endMs = samples[index]!.ms
    return {
      wall: { side, bucket, sinceMs, cents, endMs, activeMs, goneMs, stale, peak, executed, fallen, before, lastCents },
      last: index,
    }
  }
  for (let index = first; index < samples.length; index++) {
    const sample = samples[index]!
    // A lost sample ends what was followed; what comes with it at the same time may begin anew.
    if (sample.cents === undefined) return wall(index, activeMs !== undefined)
    const now = sample.cents[side]!.get(bucket) ?? 0
    const isSeen = seen.has(index)
    const stands = (): void => {
      seenMs = sample.ms
      lastCents = now
      if (now <= peak) return
      peak = now
      executedAtPeak = executedAt(index)
    }
    if (activeMs === undefined) {
      const weight = index === first ? 1 : sample.count
      counted += weight
      if (isSeen) {
        present += weight
        stands()
        if (sample.ms - sinceMs >= ACTIVE_MS) {
          if (present < 0.8 * counted) return wall(index)
          activeMs = sample.ms
        }
      } else if (sample.ms - seenMs >= GONE_MS) return wall(index)
    } else {
      if (now > 0.4 * peak) fallen = undefined
      else fallen ??= fall(history, side, bucket, index, cents, now, peak)
      if (fallen !== undefined && fallen.ms === sample.ms) before = fallen.before
      if (isSeen || (now > 0 && standsOut(history, sample, side, bucket, 3))) {
        stands()
        goneMs = 0
      } else {
        if (goneMs === 0) {
          goneMs = sample.ms
          if (fallen === undefined) before = lastCents
        }
        lastCents = now
        if (sample.ms - goneMs >= GONE_MS) {
          cents.set(index, now)
          return wall(index)
        }
      }
    }
    cents.set(index, now)
  }
  return wall(samples.length - 1)
}

/** 60 % gone against any of the last samples (1.2 s), 70 % of that by cancelling. */
function fall(
  history: History,
  side: number,
  bucket: number,
  index: number,
  cents: Map<number, number>,
  now: number,
  peak: number,
): Followed['fallen'] {
  const sample = history.samples[index]!
  for (const [earlier, value] of [...cents].filter(([at]) => at < index).slice(-6)) {
    const then = history.samples[earlier]!
    if (sample.ms - then.ms > 1_200) continue
    if (value <= 0.4 * peak) continue
    const drop = value - now
    const cancelled = drop - executedBetween(history, side, bucket, then.prints, sample.prints)
    if (!(drop > 0) || drop < 0.6 * value || cancelled < 0.7 * drop) continue
    const near = Math.abs((bucket + 0.5) * history.step - sample.price) <= 0.003 * sample.price
    return { ms: sample.ms, near, before: value }
  }
  return undefined
}

function executedBetween(history: History, side: number, bucket: number, from: number, to: number): number {
  let cents = 0
  for (const print of history.prints.slice(from, to)) {
    if (print.bucket === bucket && print.taker === 1 - side) cents += print.usd * 100
  }
  return cents
}

function outcome(history: History, one: Followed, candidates: Followed[]): ReferenceWall {
  const { side, bucket, sinceMs, peak } = one
  const told = (state: ReferenceWall['state'], endMs: number): ReferenceWall => ({
    side,
    bucket,
    sinceMs,
    state,
    endMs,
    peakCents: peak,
  })
  if (one.stale) return told('stale', one.endMs)
  if (one.goneMs === 0 || one.endMs - one.goneMs < GONE_MS) return told('active', one.endMs)
  const filled = one.executed >= 0.6 * (peak - one.lastCents)
  const fromMs = one.fallen?.ms ?? one.goneMs
  const isTarget = (other: Followed, index: number): boolean => {
    if (other === one || other.side !== side || Math.abs(other.bucket - bucket) > 5) return false
    const after = other.sinceMs - fromMs
    const size = other.cents.get(index) ?? 0
    return after >= 0 && after <= MOVE_MS && Math.abs(size - one.before) <= 0.15 * one.before
  }
  const ended = history.samples.findIndex((sample) => sample.ms === one.endMs && sample.cents !== undefined)
  for (let index = ended + 1; index < history.samples.length; index++) {
    const sample = history.samples[index]!
    if (sample.cents === undefined) return told('stale', sample.ms)
    if (!filled && candidates.some((other) => isTarget(other, index))) return told('moved', sample.ms)
    if (sample.ms - one.goneMs < MOVE_MS) continue
    return told(filled ? 'filled' : one.fallen?.near === true ? 'pulled' : 'faded', sample.ms)
  }
  return told('active', one.endMs)
}
