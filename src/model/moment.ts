/** With a zone: a time that means another moment on another machine is no moment. */
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
const MOMENT_MS_MAX = 4_102_444_800_000 // 2100-01-01

/** Unix ms of a moment written as such, or as ISO 8601 with its zone; undefined where it is neither. */
export function momentMs(text: string): number | undefined {
  const ms = /^\d{1,14}$/.test(text) ? Number(text) : isoTime.test(text) ? Date.parse(text) : Number.NaN
  return ms >= 0 && ms <= MOMENT_MS_MAX ? ms : undefined
}

/** 2026-11-22T10:15:00Z: as addresses carry it. */
export function momentText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
