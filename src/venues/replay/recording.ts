import type { Mapper } from '../mapper.ts'
import type { BatchOut } from '../mapper-out.ts'

/** One thing that was recorded, and when it arrived then. */
export interface Step {
  readonly receiveMs: number
  play(out: BatchOut): void
}

/** A recording whose format is known, ready to be read from its start. */
export interface Recording {
  /** For messages: what was recognised. */
  readonly format: string
  /** What the steps play into; none where the recording holds finished batches. */
  readonly mapper: Mapper | undefined
  /** In the order of arrival, a part at a time. May end with a coded error, after everything before the break. */
  steps(): AsyncGenerator<readonly Step[]>
  /** 0 to 1, by bytes read. */
  progress(): number
  /** Records refused before any mapper saw them. */
  rejected(): number
}
