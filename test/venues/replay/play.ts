import type { ErrorCode } from '../../../src/model/errors.ts'
import { LmapError } from '../../../src/model/errors.ts'
import type { SourceStatus } from '../../../src/model/stages.ts'
import { createReplay, type ReplayOptions } from '../../../src/venues/replay/replay.ts'

export interface Played {
  readonly bytes: Uint8Array
  readonly status: SourceStatus
  /** Code of the error that the replay ended with. */
  readonly code: ErrorCode | undefined
}

/** Plays a whole recording as fast as possible into memory. */
export async function play(path: string, options: Partial<ReplayOptions> = {}): Promise<Played> {
  const feed = createReplay({ path, speed: 'max', ...options })
  const parts: Buffer[] = []
  const sink = {
    write(batches: Uint8Array): true {
      parts.push(Buffer.from(batches))
      return true
    },
  }
  let code: ErrorCode | undefined
  try {
    await feed.run(sink, new AbortController().signal)
  } catch (error) {
    if (!(error instanceof LmapError)) throw error
    code = error.code
  }
  return { bytes: Uint8Array.from(Buffer.concat(parts)), status: feed.status(), code }
}
