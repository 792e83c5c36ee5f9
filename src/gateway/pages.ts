import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

export type Encoding = 'br' | 'gzip' | 'identity'

/** A file of the built page, ready to send. */
export interface Page {
  readonly type: string
  readonly etag: string
  readonly cacheControl: string
  readonly bodies: ReadonlyMap<Encoding, Uint8Array>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
const compressible = new Set(['.html', '.js', '.mjs', '.css', '.json', '.map', '.webmanifest', '.svg', '.txt', '.wasm'])
/** Below it, a compressed answer is hardly a packet smaller. */
const COMPRESS_BYTES_MIN = 1024
// 9 of 11: the last two levels cost ten times the time for a few per cent.
const BROTLI_QUALITY = 9
/** `name-0123ABCD.ext`, as ops/build-web.ts writes it: the name changes with the content. */
const hashedName = /-[0-9A-F]{8}\.[a-z0-9]+$/

const brotliAsync = promisify(brotliCompress)
const gzipAsync = promisify(gzip)

/**
 * Reads the built page into memory, by URL path. Only what is found here is ever served, so no path can lead out of
 * the folder; hidden files and links are left out.
 */
export async function loadPages(folder: string): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>()
  let bytes = 0
  for (const name of await namesIn(folder)) {
    const body = await readFile(join(folder, name))
    bytes += body.length
    if (bytes > limits.pageBytesMax || pages.size >= limits.pageFilesMax) {
      throw new LmapError('LMAP_BUILD_MISSING', `${folder} holds more than a built page should.`, {
        hint: 'Give the folder that `npm run build` writes.',
      })
    }
    pages.set(`/${name}`, await pageOf(name, body))
  }
  const index = pages.get('/index.html')
  if (index === undefined) throw missing(folder)
  pages.set('/', index)
  return pages
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
      .map((name) => name.replaceAll('\\', '/'))
    return names.filter((name) => !name.split('/').some((part) => part.startsWith('.'))).sort()
  } catch (cause) {
    throw missing(folder, cause)
  }
}

function missing(folder: string, cause?: unknown): LmapError {
  return new LmapError('LMAP_BUILD_MISSING', `There is no built page in ${folder}.`, {
    hint: 'Run `npm run build`.',
    cause,
  })
}

/** Makes `body` ready to send; its name says its type and whether it may be cached for good. */
export async function pageOf(name: string, body: Uint8Array): Promise<Page> {
  const extension = extname(name)
  const bodies = new Map<Encoding, Uint8Array>([['identity', body]])
  if (compressible.has(extension) && body.length >= COMPRESS_BYTES_MIN) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY }
    bodies.set('br', await brotliAsync(body, { params }))
    bodies.set('gzip', await gzipAsync(body))
  }
  return {
    type: types[extension] ?? 'application/octet-stream',
    // Weak, because the encodings of one file share it.
    etag: `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    cacheControl: hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    bodies,
  }
}

/** The best body that the request's accept-encoding allows. */
export function chooseBody(page: Page, acceptEncoding: string): [Encoding, Uint8Array] {
  for (const encoding of ['br', 'gzip'] as const) {
    const body = page.bodies.get(encoding)
    if (body !== undefined && accepts(acceptEncoding, encoding)) return [encoding, body]
  }
  return ['identity', page.bodies.get('identity')!]
}

/** Whether a header accept-encoding names the encoding, and does not refuse it. */
export function accepts(acceptEncoding: string, encoding: Encoding): boolean {
  return acceptEncoding
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((word) => word.trim()))
    .some(([name, quality]) => name === encoding && (quality === undefined || Number(quality.replace('q=', '')) > 0))
}
