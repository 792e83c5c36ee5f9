import type { IncomingMessage } from 'node:http'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { ClickHouseFailure } from './failure.ts'

/** One request to ClickHouse's HTTP interface, as the engine needs it. */
export interface Question {
  /** The statement; data of an INSERT may follow in it, or apart in `data`. */
  readonly sql: string
  readonly data: Buffer | undefined
  readonly database: string | undefined
  /** For this statement alone, in the order of the request. */
  readonly settings: readonly (readonly [string, string])[]
  readonly parameters: readonly (readonly [string, string])[]
  readonly format: string
  /** The answer is sent when it is whole, so that a late failure is a failure. */
  readonly isWhole: boolean
  readonly isCompressed: boolean
  readonly id: string
}

export interface Login {
  readonly user: string
  readonly password: string
}

/** Parts of a request that are said to the interface and not to the engine. */
const ours = new Set([
  ...['query', 'database', 'default_format', 'query_id', 'user', 'password', 'quota_key', 'wait_end_of_query'],
  ...['enable_http_compression', 'buffer_size', 'send_progress_in_http_headers', 'client_protocol_version'],
])
const ourPrefix = /^http_/
/** Said by a few clients, and refused rather than ignored: the answer would not be what was asked for. */
const refused = ['session_id', 'role', 'compress', 'decompress', 'stacktrace']
const HTTP_FORMAT = 'TabSeparated'

/** Puts a request's parts together; `body` is unpacked. */
export async function readQuestion(request: IncomingMessage, url: URL, body: Buffer, id: string): Promise<Question> {
  const type = request.headers['content-type'] ?? ''
  const fields = [...url.searchParams]
  let rest = body
  if (type.startsWith('multipart/form-data')) {
    fields.push(...(await formFields(body, type)))
    rest = Buffer.alloc(0)
  }
  const values = new Map(fields)
  const asked = refused.find((name) => (values.get(name) ?? '0') !== '0' && values.get(name) !== '')
  if (asked !== undefined) throw new ClickHouseFailure(48, 'NOT_IMPLEMENTED', `${asked} is not supported here.`)
  const query = values.get('query') ?? ''
  const settings = fields.filter(([name]) => !ours.has(name) && !ourPrefix.test(name) && !name.startsWith('param_'))
  // As a server: what is asked by GET cannot change anything.
  if (request.method === 'GET' && !values.has('readonly')) settings.push(['readonly', '2'])
  return {
    sql: query === '' ? rest.toString() : query,
    data: query === '' ? undefined : rest,
    database: values.get('database') ?? (request.headers['x-clickhouse-database'] as string | undefined),
    settings,
    parameters: fields
      .filter(([name]) => name.startsWith('param_'))
      .map(([name, value]) => [name.slice('param_'.length), value]),
    format:
      values.get('default_format') ?? (request.headers['x-clickhouse-format'] as string | undefined) ?? HTTP_FORMAT,
    isWhole: values.get('wait_end_of_query') === '1',
    isCompressed: values.get('enable_http_compression') === '1',
    id: values.get('query_id') || id,
  }
}

/** The body, unpacked and bounded; `took` is told of every piece and may refuse it. */
export async function readBody(request: IncomingMessage, took: (bytes: number) => void): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const chunks: Buffer[] = []
  // A request that is refused in the middle keeps its connection: the reason goes back on it.
  const incoming = request.iterator({ destroyOnReturn: false })
  try {
    for await (const chunk of encoding === 'identity' ? incoming : unpacked(request, encoding)) {
      took((chunk as Buffer).length)
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    // zlib's own codes are words that begin so.
    if (!/^Z/.test(String((error as NodeJS.ErrnoException).code))) throw error
    throw new ClickHouseFailure(271, 'CANNOT_DECOMPRESS', `the body is not ${encoding}.`)
  }
  return Buffer.concat(chunks)
}

/** Name and password from where ClickHouse looks for them. */
export function loginOf(request: IncomingMessage, url: URL): Login {
  const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ')
  if (scheme === 'Basic') {
    const [, user = '', password = ''] = /^([^:]*):?([\s\S]*)$/.exec(Buffer.from(token, 'base64').toString()) ?? []
    return { user, password }
  }
  const said = (header: string, name: string): string | undefined =>
    (request.headers[header] as string | undefined) ?? url.searchParams.get(name) ?? undefined
  return { user: said('x-clickhouse-user', 'user') ?? 'default', password: said('x-clickhouse-key', 'password') ?? '' }
}

function unpacked(request: IncomingMessage, encoding: string) {
  const makers: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
    gzip: createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
    zstd: createZstdDecompress,
  }
  const make = Object.hasOwn(makers, encoding) ? makers[encoding] : undefined
  if (make === undefined) {
    throw new ClickHouseFailure(
      48,
      'NOT_IMPLEMENTED',
      `Content-Encoding ${encoding.slice(0, 20)} is not supported here.`,
    )
  }
  const unpacking = make()
  request.once('error', (error) => unpacking.destroy(error))
  request.once('close', () => {
    if (!request.complete) unpacking.destroy(new Error('the request was cut off'))
  })
  return request.pipe(unpacking)
}

async function formFields(body: Buffer, type: string): Promise<[string, string][]> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
    return await Promise.all(
      [...form].map(async ([name, value]): Promise<[string, string]> => [name, await text(value)]),
    )
  } catch {
    throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', 'the multipart body cannot be read.')
  }
}

function text(value: string | Blob): string | Promise<string> {
  return typeof value === 'string' ? value : value.text()
}
