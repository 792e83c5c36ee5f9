// Guards the parts of the time bar that need no page: moments as people type them, play that never runs away from what is
// read, tracks whose ends and ticks are right at any width, and the extent of a history as somebody else wrote it.
import { describe, expect, test } from 'vitest'
import { readExtent } from '../../src/client/extent.ts'
import { momentMs, momentText } from '../../src/model/moment.ts'
import { followMessages } from '../../src/web/route-message.ts'
import { TimePlay } from '../../src/web/time-play.ts'
import { trackTicks, trackView, usualSpan } from '../../src/web/time-track.ts'
import { fieldText, typedMoment } from '../../src/web/time-words.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 22, 12, 30, 15)

test('a moment is written as it is read', () => {
  expect(momentText(Date.UTC(2026, 10, 22, 10, 15))).toBe('2026-11-22T10:15:00Z')
  expect(momentText(Date.UTC(2026, 10, 22, 10, 15, 0, 250))).toBe('2026-11-22T10:15:00.250Z')
  for (const ms of [0, 1, nowMs, nowMs + 999]) expect(momentMs(momentText(ms))).toBe(ms)
})

describe('a time field', () => {
  const typed = (text: string, shownMs = nowMs) => {
    const ms = typedMoment(text, shownMs, nowMs)
    return typeof ms === 'number' ? fieldText(ms) : ms
  }
  test.each([
    ['2026-11-22 10:15', '2026-11-22 10:15:00'],
    [' 2026-11-22 10:15:30 UTC ', '2026-11-22 10:15:30'],
    ['2026-11-22T10:15:00Z', '2026-11-22 10:15:00'],
    ['2026-11-22t12:15+02:00', '2026-11-22 10:15:00'],
    ['1795342830000', '2026-11-22 10:20:30'],
    ['2026-11-21', '2026-11-21 00:00:00'],
    ['11-21 9:05', '2026-11-21 09:05:00'],
    ['10:15', '2026-11-22 10:15:00'],
    ['9:05:07', '2026-11-22 09:05:07'],
    // That would be to come today.
    ['13:00', '2026-11-21 13:00:00'],
    ['-90m', '2026-11-22 11:00:15'],
    ['−2h', '2026-11-22 10:30:15'],
    ['-1.5 d', '2026-11-21 00:30:15'],
    ['now', 'now'],
    ['Live', 'now'],
    ['2027-01-01', 'now'],
  ])('reads %s as %s', (text, moment) => expect(typed(text)).toBe(moment))

  test('a time alone is of the day that is shown', () => {
    expect(typed('10:15', Date.UTC(2026, 9, 3, 23))).toBe('2026-10-03 10:15:00')
  })

  test.each(['', 'x', '25:00', '10:99', '2026-02-31', '2026-13-01 10:00', '-', '-5y', '11-22-33', '9'.repeat(40)])(
    'reads %s as no time',
    (text) => expect(typed(text)).toBeUndefined(),
  )
})

describe('play', () => {
  const start = (fromMs: number, speed: 1 | 10 | 100) => {
    const play = new TimePlay()
    play.speed = speed
    play.play(fromMs, 0)
    return play
  }

  test('shows each minute once, in the time that its speed says', () => {
    const play = start(100 * MINUTE_MS, 100)
    const shown: (number | 'now')[] = []
    const farMs = 1e12
    play.play(100 * MINUTE_MS, farMs)
    for (let ms = 100; ms <= 3000; ms += 100) {
      const reached = play.tick(farMs + ms, farMs, false)
      if (reached !== undefined) shown.push(reached)
    }
    expect(shown).toEqual([101, 102, 103, 104, 105].map((minute) => minute * MINUTE_MS))
  })

  test('waits while a map is read, and does not make up for it', () => {
    const play = start(MINUTE_MS, 10)
    play.play(MINUTE_MS, 1e12)
    expect(play.tick(1e12 + 6000, 1e12, true)).toBeUndefined()
    expect(play.momentMs).toBe(MINUTE_MS)
    expect(play.tick(1e12 + 6100, 1e12, false)).toBeUndefined()
    expect(play.momentMs).toBe(MINUTE_MS + 1000)
    // Asleep for an hour: a minute further, not ten hours.
    expect(play.tick(1e12 + HOUR_MS, 1e12, false)).toBe(2 * MINUTE_MS)
  })

  test('ends at the present', () => {
    const play = start(0, 100)
    play.play(nowMs - 30_000, 0)
    const reached = [1, 2, 3, 4, 5].map((count) => play.tick(count * 100, nowMs, false))
    expect(reached).toContain('now')
    expect(play.isPlaying).toBe(false)
    expect(play.tick(10_000, nowMs, false)).toBeUndefined()
  })
})

describe('a track', () => {
  test('ends now, or has the moment in its middle', () => {
    expect(trackView('6h', nowMs, undefined, 0)).toEqual({ startMs: nowMs - 6 * HOUR_MS, endMs: nowMs })
    expect(trackView('6h', nowMs, nowMs - HOUR_MS, 0).endMs).toBe(nowMs)
    const far = trackView('6h', nowMs, nowMs - DAY_MS, 0)
    expect(far).toEqual({ startMs: nowMs - DAY_MS - 3 * HOUR_MS, endMs: nowMs - DAY_MS + 3 * HOUR_MS })
    expect(trackView('all', nowMs, undefined, nowMs - 3 * DAY_MS).startMs).toBe(nowMs - 3 * DAY_MS)
    // A history of a minute would be a track without a length.
    expect(trackView('all', nowMs, undefined, nowMs - MINUTE_MS).startMs).toBe(nowMs - 30 * MINUTE_MS)
  })

  test('begins with four maps, or with all there is', () => {
    expect(usualSpan(6 * HOUR_MS, nowMs, nowMs - 60 * DAY_MS)).toBe('1d')
    expect(usualSpan(6 * HOUR_MS, nowMs, nowMs - HOUR_MS)).toBe('all')
    expect(usualSpan(360 * DAY_MS, nowMs, 0)).toBe('all')
  })

  test.each([60, 300, 900, 2400])('has round ticks with room at %s px', (widthPx) => {
    for (const spanMs of [30 * MINUTE_MS, 6 * HOUR_MS, DAY_MS, 30 * DAY_MS, 900 * DAY_MS]) {
      const ticks = trackTicks({ startMs: nowMs - spanMs, endMs: nowMs }, widthPx)
      expect(ticks.length).toBeLessThanOrEqual(widthPx / 70 + 1)
      for (const { ms, text } of ticks) {
        expect(ms % MINUTE_MS).toBe(0)
        expect(text).toMatch(/^\d\d[:-]\d\d$/)
      }
    }
  })
})

test('messages count from the same origin and from the window that opened the page, and from nobody else', () => {
  const answers: unknown[] = []
  const windowOf = () => ({ postMessage: (answer: unknown) => answers.push(answer) })
  const [opener, stranger] = [windowOf(), windowOf()]
  const target = Object.assign(new EventTarget(), { location: { origin: 'https://ours' }, opener, parent: undefined })
  const went: unknown[] = []
  let clockMs = 0
  followMessages({
    target: target as unknown as Window,
    assets: ['BTC'],
    now: () => clockMs,
    go: (change, isStep) => went.push([change, isStep]),
  })
  const send = (origin: string, source: object | null, data: unknown) =>
    target.dispatchEvent(Object.assign(new Event('message'), { origin, source, data }))
  const message = { type: 'liquidity-map', asset: 'btc', level: 64210.5, at: 60_000 }
  send('https://theirs', stranger, message)
  send('https://theirs', null, message)
  expect([went, answers]).toEqual([[], []])
  send('https://theirs', opener, message)
  send('https://ours', stranger, { type: 'liquidity-map', at: null })
  clockMs = 5000
  send('https://ours', null, { type: 'liquidity-map', level: null })
  expect(went).toEqual([
    [{ asset: 'BTC', level: 64210.5, atMs: 60_000 }, false],
    // A flood is one place to come back to.
    [{ atMs: undefined }, true],
    [{ level: undefined }, false],
  ])
  expect(answers).toEqual([
    { type: 'liquidity-map', ok: true },
    { type: 'liquidity-map', ok: true },
  ])
  for (const noise of [null, 5, 'liquidity-map', {}, { type: 'other' }, { type: 'liquidity-map', ok: true }]) {
    send('https://ours', stranger, noise)
  }
  expect(answers.length).toBe(2)
})

test('the extent of a history is read or refused in words', () => {
  expect(readExtent({ kept: true, firstMs: 5, endMs: 10, more: 1 })).toEqual({ kept: true, firstMs: 5, endMs: 10 })
  expect(readExtent({ kept: false, firstMs: null, endMs: null })).toEqual({ kept: false, firstMs: 0, endMs: 0 })
  for (const bad of [null, 5, {}, { kept: 1 }, { kept: true, firstMs: '5', endMs: 10 }, { kept: true, firstMs: -1 }]) {
    expect(() => readExtent(bad)).toThrow(/extent of the history/)
  }
})
