import { LmapError } from '../model/errors.ts'

export interface ServerAddress {
  /** Scheme, host and port: nothing in it is secret. */
  readonly origin: string
  readonly username: string
  readonly password: string
  readonly database: string
}

const DATABASE = 'liquidity_map'

/** Reads http://name:password@host:port/database; all but the host may be left out. */
export function serverAddress(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = url?.pathname.slice(1) || DATABASE
  // The text is not repeated: it may hold a password.
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || !/^[A-Za-z_]\w*$/.test(database)) {
    throw new LmapError('LMAP_CONFIG', 'the address of the ClickHouse server is not one.', {
      hint: 'Write --clickhouse http://host:8123, or http://name:password@host:8123/database.',
    })
  }
  return {
    origin: url.origin,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database,
  }
}

const refusals = ['AUTHENTICATION_FAILED', 'REQUIRED_PASSWORD', 'WRONG_PASSWORD', 'UNKNOWN_USER', 'ACCESS_DENIED']

/** Why a server cannot be used, in one line. */
export function serverFailure(error: unknown, where: string, password: string): LmapError {
  const cause = withoutSecret(error, password)
  const { type, code } = cause as { type?: string; code?: string }
  if (type !== undefined && refusals.includes(type)) {
    return new LmapError('LMAP_STORE_DOWN', `ClickHouse at ${where} refuses the login (${type}).`, {
      hint: 'Write the name and password into the address: --clickhouse http://name:password@host:8123.',
      cause,
    })
  }
  return new LmapError('LMAP_STORE_DOWN', `no ClickHouse answers at ${where} (${type ?? code ?? firstLine(cause)}).`, {
    hint: 'Start it, correct --clickhouse, or leave it out to use the embedded one.',
    cause,
  })
}

/** The same failure with the password taken out of its message; its trail is dropped, it may repeat the request. */
export function withoutSecret(error: unknown, password: string): Error {
  const known = error instanceof Error ? error : new Error(String(error))
  if (password === '') return known
  const secrets = [password, encodeURIComponent(password)]
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), known.message)
  const { code, type } = known as { code?: unknown; type?: unknown }
  return Object.assign(new Error(message), code === undefined ? {} : { code }, type === undefined ? {} : { type })
}

const LINE_CHARS_MAX = 200

export function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0]!.slice(0, LINE_CHARS_MAX)
}
