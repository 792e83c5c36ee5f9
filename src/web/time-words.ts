import { momentMs } from '../model/moment.ts'

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DAY_MS = 86_400_000

/** What a time field understands, for its title. */
export const TIME_HINT = 'UTC: 2026-11-22 10:15, 11-22 10:15, 10:15, -2h, -3d, now'

/**
 * A moment as people type it, in UTC. Times without a day are of the day `shownMs` lies in, or of the day before where
 * that would be to come. Undefined: it is none; 'now': the present.
 */
export function typedMoment(text: string, shownMs: number, nowMs: number): number | 'now' | undefined {
  const typed = text
    .trim()
    .replace(/\s*utc$/i, '')
    .toLowerCase()
  if (typed === 'now' || typed === 'live') return 'now'
  const back = /^[-−]\s*(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])$/.exec(typed)
  if (back !== null) return inTime(nowMs - Number(back[1]) * unitsMs[back[2]!]!, nowMs)
  const whole = momentMs(typed.toUpperCase())
  if (whole !== undefined) return inTime(whole, nowMs)
  const day = new Date(shownMs).toISOString().slice(0, 10)
  const time = /^\d{1,2}:\d{2}(:\d{2})?$/.test(typed) ? padded(typed) : undefined
  if (time !== undefined) {
    const ms = calendarMs(day, time)
    return ms === undefined ? undefined : inTime(ms > nowMs ? ms - DAY_MS : ms, nowMs)
  }
  const dated = /^(\d{4}-)?(\d{2}-\d{2})(?:[ t]+(\d{1,2}:\d{2}(?::\d{2})?))?$/.exec(typed)
  if (dated === null) return undefined
  const [, year = day.slice(0, 5), date, clock = '00:00'] = dated
  const ms = calendarMs(`${year}${date}`, padded(clock))
  return ms === undefined ? undefined : inTime(ms, nowMs)
}

/** 2026-11-22 10:15:00: as a time field shows it. */
export function fieldText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function padded(clock: string): string {
  return clock.length % 3 === 1 ? `0${clock}` : clock
}

/** Undefined for the 31st of February, which Date would move to March. */
function calendarMs(day: string, clock: string): number | undefined {
  const text = `${day}T${clock.length === 5 ? `${clock}:00` : clock}`
  const ms = Date.parse(`${text}Z`)
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text) ? ms : undefined
}

/** What is to come is not known: it is now. */
function inTime(ms: number, nowMs: number): number | 'now' | undefined {
  if (ms < 0) return undefined
  return ms >= nowMs ? 'now' : Math.floor(ms)
}
