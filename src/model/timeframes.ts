/** A timeframe's position in this list is its id on the wire, in the store and in the core. */
export const timeframes = [
  { name: '1m', ms: 60_000 },
  { name: '5m', ms: 300_000 },
  { name: '15m', ms: 900_000 },
  { name: '1h', ms: 3_600_000 },
  { name: '4h', ms: 14_400_000 },
  { name: '1d', ms: 86_400_000 },
] as const

export type TimeframeName = (typeof timeframes)[number]['name']
export type TimeframeId = number

export const TIMEFRAMES = timeframes.length
/** Columns kept and shown for each timeframe, the live one included. */
export const COLUMNS = 360

/** Id of a timeframe's name, -1 where there is none of that name. */
export function timeframeId(name: string): TimeframeId {
  return timeframes.findIndex((timeframe) => timeframe.name === name)
}
