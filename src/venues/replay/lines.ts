import { createReadStream, statSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { LmapError } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'

/** Lines of a text file, gzipped or not, a part at a time. */
export interface LineFile {
  readonly path: string
  lines(): AsyncGenerator<string[]>
  /** 0 to 1, by bytes read from the disk. */
  progress(): number
}

/**
 * Everything up to a break is delivered before LMAP_FILE_TRUNCATED is thrown: a gzip stream that ends early or is
 * damaged, or a last line without an end.
 */
export function openLines(path: string): LineFile {
  let bytesAll = 1
  let bytesRead = 0

  async function* raw(): AsyncGenerator<Buffer> {
    try {
      bytesAll = Math.max(1, statSync(path).size)
      for await (const chunk of createReadStream(path)) {
        bytesRead += (chunk as Buffer).byteLength
        yield chunk as Buffer
      }
    } catch (cause) {
      throw unreadable(path, cause)
    }
  }

  return {
    path,
    progress: () => Math.min(1, bytesRead / bytesAll),
    async *lines() {
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of plain(path, raw())) {
        const text = rest + decoder.decode(chunk, { stream: true })
        const lines = text.split('\n')
        rest = lines.pop()!
        if (rest.length > limits.replayLineBytesMax) {
          throw new LmapError('LMAP_FILE_FORMAT', `${path} has a line of more than ${limits.replayLineBytesMax} bytes.`)
        }
        if (lines.length > 0) yield lines
      }
      if (rest === '') return
      // Whole files of every format end their last line; one that at least closes its JSON is as good.
      if (!/[}\]]\s*$/.test(rest)) throw truncated(path)
      yield [rest]
    },
  }
}

export function unreadable(path: string, cause: unknown): LmapError {
  if (cause instanceof LmapError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = 'Give --path a recording that exists and may be read.'
  return new LmapError('LMAP_FILE_UNREADABLE', `${path} cannot be read: ${reason}.`, { hint, cause })
}

export function truncated(path: string, cause?: unknown): LmapError {
  const message = `${path} breaks off; everything before the break was replayed.`
  return new LmapError('LMAP_FILE_TRUNCATED', message, { hint: 'Fetch or record the file again.', cause })
}

async function* plain(path: string, chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const first = await chunks.next()
  if (first.done === true) return
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b
  yield* isGzip ? gunzip(path, first.value, chunks) : joined(first.value, chunks)
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

/** One chunk in, all that it gives out: an iterated stream would drop what it has ready when it meets the break. */
async function* gunzip(path: string, first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const stream = createGunzip()
  const ready: Buffer[] = []
  let failure: unknown
  stream.on('data', (chunk: Buffer) => ready.push(chunk))
  stream.on('error', (error) => {
    failure = error
  })
  try {
    for await (const chunk of joined(first, rest)) {
      await new Promise<void>((resolve) => stream.write(chunk, () => resolve()))
      yield* await drained(ready)
      if (failure !== undefined) throw truncated(path, failure)
    }
    await new Promise<void>((resolve) => stream.once('close', resolve).end())
    yield* await drained(ready)
    if (failure !== undefined) throw truncated(path, failure)
  } finally {
    stream.destroy()
  }
}

async function drained(ready: Buffer[]): Promise<Buffer[]> {
  // The stream hands over what it has made before this turn of the loop ends.
  await new Promise<void>((resolve) => setImmediate(resolve))
  return ready.splice(0)
}
