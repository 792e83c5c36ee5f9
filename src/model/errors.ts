/** Every error a user or a client can meet. The list is closed: a new failure gets a new code here and a line in docs/errors.md. */
export const errorCodes = [
  'LMAP_CONFIG',
  'LMAP_PORT_BUSY',
  'LMAP_DATA_FOLDER',
  'LMAP_DATA_IN_USE',
  'LMAP_FILE_UNREADABLE',
  'LMAP_FILE_FORMAT',
  'LMAP_FILE_TRUNCATED',
  'LMAP_FILE_UNWRITABLE',
  'LMAP_BATCH_CORRUPT',
  'LMAP_FRAME_CORRUPT',
  'LMAP_FRAME_VERSION',
  'LMAP_KAFKA_DOWN',
  'LMAP_KAFKA_CONFIG',
  'LMAP_STORE_DOWN',
  'LMAP_STORE_SCHEMA',
  'LMAP_STORE_MISSING',
  'LMAP_VENUE_UNKNOWN',
  'LMAP_VENUE_UNREACHABLE',
  'LMAP_CORE_TRAP',
  'LMAP_GATEWAY_THREAD',
  'LMAP_STAGE_TIMEOUT',
  'LMAP_BUILD_MISSING',
  'LMAP_REQUEST_INVALID',
  'LMAP_REQUEST_UNKNOWN',
  'LMAP_REQUEST_TOO_LARGE',
  'LMAP_REQUEST_RATE',
  'LMAP_LIMIT',
  'LMAP_KEY_INVALID',
  'LMAP_PLAN',
  'LMAP_NOT_READY',
  'LMAP_ALERTS_LOCKED',
  'LMAP_WEBHOOK_REFUSED',
  'LMAP_WEBHOOK_FAILED',
  'LMAP_INTERNAL',
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** An error of the outside world: a code, one line that says what happened, and what to do about it. */
export class LmapError extends Error {
  readonly code: ErrorCode
  /** What the reader can do, one sentence. */
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'LmapError'
    this.code = code
    this.hint = options.hint
  }
}

/** One line for a terminal or a log. */
export function describeError(error: unknown): string {
  if (error instanceof LmapError) return `${error.code}: ${error.message}${error.hint ? ` ${error.hint}` : ''}`
  return error instanceof Error ? `LMAP_INTERNAL: ${error.message}` : `LMAP_INTERNAL: ${String(error)}`
}

/** For mistakes of ours: never caught, never shown as the user's fault. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
