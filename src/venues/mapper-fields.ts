import { decimalOf } from './decimal.ts'

/** A frame that is not what its venue documents. Thrown by the readers below, caught and counted by the mapper. */
export class FrameFault extends Error {}

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FrameFault('not an object')
  return value as Fields
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new FrameFault('not a list')
  return value
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new FrameFault('not a text')
  return value
}

/** No value of a batch reaches this, see batchFault in model/events.ts: what does is no market data. */
const VALUE_MAX = 1e18

/** A number that is not negative, sent as a number or as decimal text. */
export function numberOf(value: unknown): number {
  return boundedOf(decimalOf(value))
}

export function boundedOf(value: number): number {
  if (!(value >= 0 && value < VALUE_MAX)) throw new FrameFault('not a number, or out of range')
  return value
}

/** The same where zero or a missing field means "not said". */
export function numberIfSaid(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const number = numberOf(value)
  return number > 0 ? number : undefined
}

/** A number that counts frames: whole, exact. */
export function counterOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new FrameFault('not a counter')
  return value as number
}

/** A number that counts frames and does not fit a double: kept as text by `exactCounters`, or small enough as sent. */
export function longCounterOf(value: unknown): bigint {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  return BigInt(counterOf(value))
}

/** Which of two words (or truth values) was sent: 0 or 1. */
export function sideOf<Word extends string | boolean>(value: unknown, zero: Word, one: Word): number {
  if (value === zero) return 0
  if (value === one) return 1
  throw new FrameFault('unknown side')
}
