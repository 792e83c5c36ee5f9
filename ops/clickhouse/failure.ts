/** A failure as ClickHouse tells it over HTTP: `Code: 60. DB::Exception: ... (UNKNOWN_TABLE)`. */
export class ClickHouseFailure extends Error {
  readonly code: number
  readonly type: string

  constructor(code: number, type: string, message: string) {
    super(message)
    this.name = 'ClickHouseFailure'
    this.code = code
    this.type = type
  }
}

const UNKNOWN = 1000

/** What the engine throws is text in the server's own form; it may repeat itself inside. */
export function failureOf(error: unknown): ClickHouseFailure {
  if (error instanceof ClickHouseFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = Number(/Code: (\d+)\./.exec(text)?.[1] ?? UNKNOWN)
  const type = [...text.matchAll(/\(([A-Z][A-Z0-9_]{2,})\)/g)].at(-1)?.[1] ?? 'STD_EXCEPTION'
  const message = text
    .replace(/^(?:Code: \d+\. )?(?:DB::Exception: )?/, '')
    .replace(new RegExp(`\\s*\\(${type}\\)\\s*$`), '')
  return new ClickHouseFailure(code, type, message)
}

/** Answer's body for a failure; the official client reads code, message and type out of it. */
export function failureText({ code, type, message }: ClickHouseFailure, version: string): string {
  return `Code: ${code}. DB::Exception: ${message} (${type}) (version ${version})\n`
}

/** The status that a server gives to an exception; what is not here is 500. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['REQUIRED_PASSWORD', 401],
  ...each(403, ['UNKNOWN_USER', 'WRONG_PASSWORD', 'AUTHENTICATION_FAILED', 'ACCESS_DENIED']),
  ...each(400, ['BAD_ARGUMENTS', 'SYNTAX_ERROR', 'INCORRECT_DATA', 'TYPE_MISMATCH', 'CANNOT_COMPILE_REGEXP']),
  ...each(404, ['UNKNOWN_TABLE', 'UNKNOWN_FUNCTION', 'UNKNOWN_IDENTIFIER', 'UNKNOWN_TYPE', 'UNKNOWN_STORAGE']),
  ...each(404, ['UNKNOWN_DATABASE', 'UNKNOWN_SETTING', 'UNKNOWN_AGGREGATE_FUNCTION', 'UNKNOWN_FORMAT']),
  ['TIMEOUT_EXCEEDED', 408],
  ['QUERY_IS_TOO_LARGE', 413],
  ['NOT_IMPLEMENTED', 501],
  ...each(503, ['CANNOT_OPEN_FILE', 'SOCKET_TIMEOUT', 'CANNOT_SCHEDULE_TASK']),
])

export function statusOf({ type }: ClickHouseFailure): number {
  return statuses.get(type) ?? (type.startsWith('CANNOT_PARSE_') ? 400 : 500)
}

function each(status: number, types: readonly string[]): [string, number][] {
  return types.map((type) => [type, status])
}
