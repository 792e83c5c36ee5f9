import { pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { LmapError } from '../model/errors.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** What stages get handed. An `error` among the fields is written with its code, message and hint. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface LogOptions {
  level: LogLevel
  /** One readable line per entry for a terminal; else one JSON object per line. */
  pretty: boolean
  /** Where lines go. Lines are written at once, so that the last ones before an exit are not lost. */
  stream: { write(text: string): unknown }
}

const secretNames = [
  'password',
  'pass',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apiKey',
  'apiSecret',
  'passphrase',
]
const CENSOR = '[redacted]'
// What stands between // and @ in an address is a name and a password.
const credentials = /\/\/[^/@\s]+@/g

const readable = prettyFactory({
  singleLine: true,
  colorize: true,
  translateTime: 'SYS:HH:MM:ss.l',
  ignore: 'pid,hostname',
  // Else an error is spread over many lines.
  errorLikeObjectKeys: [],
})

export function createLog(options: LogOptions): Log {
  const { stream } = options
  const target = options.pretty ? { write: (line: string) => stream.write(readable(line)) } : stream
  return pino(
    {
      level: options.level,
      base: null,
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: CENSOR },
      serializers: { error: serializeError },
      formatters: { log: withoutCredentials, level: (label) => ({ level: label }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg) => (typeof arg === 'string' ? hideCredentials(arg) : arg)) as typeof args)
        },
      },
    },
    target as pino.DestinationStream,
  )
}

/** Text with the credentials of any address in it taken out. */
export function hideCredentials(text: string): string {
  return text.replace(credentials, `//${CENSOR}@`)
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return hideCredentials(String(error))
  const { name, message, cause } = error
  const coded = error instanceof LmapError ? { code: error.code, hint: error.hint } : {}
  return {
    ...coded,
    name,
    message: hideCredentials(message),
    // Where a coded error was thrown says nothing to its reader; an uncoded one is ours to find.
    ...(error instanceof LmapError ? {} : { stack: hideCredentials(error.stack ?? '') }),
    ...(cause === undefined ? {} : { cause: serializeError(cause) }),
  }
}

function withoutCredentials(fields: object): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    clean[name] = typeof value === 'string' ? hideCredentials(value) : value
  }
  return clean
}
