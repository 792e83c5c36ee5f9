import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../model/errors.ts'
import type { Insert } from './inserts.ts'

/*
 * Inserts that wait on the disk while the server is away, one file each:
 *   000000000017.insert     rows, in the order of their numbers
 *   checkpoint-BTC.insert   the newest checkpoint of an asset; written after all rows, which it has seen
 * A file is a line of JSON (table, columns, rows) and the body. It appears under its name only when it is whole.
 */

const UNFINISHED = '.part'
const rowsName = /^\d{12}\.insert$/
const checkpointName = /^checkpoint-\w+\.insert$/
const NUMBER_DIGITS = 12

interface WaitingFile {
  readonly name: string
  readonly bytes: number
}

export class Spill {
  readonly #folder: string
  readonly #bytesMax: number
  #rows: WaitingFile[] = []
  readonly #checkpoints = new Map<string, WaitingFile>()
  #next = 1
  #bytes = 0

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  /** Finds what an earlier process has left, and how many inserts were cut off in the middle of their writing. */
  open(): { files: number; bytes: number; unfinished: number } {
    mkdirSync(this.#folder, { recursive: true })
    const names = readdirSync(this.#folder).sort()
    const unfinished = names.filter((name) => name.endsWith(UNFINISHED))
    for (const name of unfinished) rmSync(join(this.#folder, name))
    for (const name of names) {
      if (rowsName.test(name)) this.#rows.push(this.#found(name))
      else if (checkpointName.test(name)) this.#checkpoints.set(name, this.#found(name))
    }
    this.#next = 1 + Number(this.#rows.at(-1)?.name.slice(0, NUMBER_DIGITS) ?? 0)
    return { files: this.files, bytes: this.#bytes, unfinished: unfinished.length }
  }

  get files(): number {
    return this.#rows.length + this.#checkpoints.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.files === 0
  }

  /** False where there is no room for it. Rejects where the disk does not take it. One at a time. */
  async put(insert: Insert): Promise<boolean> {
    const { body, ...head } = insert
    const text = `${JSON.stringify(head)}\n${body}`
    // The text is plain ASCII: its length is its bytes.
    if (this.#bytes + text.length > this.#bytesMax) return false
    const isCheckpoint = insert.table === 'checkpoints'
    const name = isCheckpoint
      ? `checkpoint-${body.slice(0, body.indexOf('\t'))}.insert`
      : `${String(this.#next++).padStart(NUMBER_DIGITS, '0')}.insert`
    const path = join(this.#folder, name)
    await writeFile(path + UNFINISHED, text, 'latin1')
    await rename(path + UNFINISHED, path)
    const file = { name, bytes: text.length }
    if (isCheckpoint) {
      this.#bytes -= this.#checkpoints.get(name)?.bytes ?? 0
      this.#checkpoints.set(name, file)
    } else this.#rows.push(file)
    this.#bytes += file.bytes
    return true
  }

  /** The insert whose turn it is; undefined where none waits. */
  async first(): Promise<{ insert: Insert; file: WaitingFile } | undefined> {
    const file = this.#rows[0] ?? this.#checkpoints.values().next().value
    if (file === undefined) return undefined
    const text = await readFile(join(this.#folder, file.name), 'latin1')
    const end = text.indexOf('\n')
    const head = JSON.parse(text.slice(0, end)) as Omit<Insert, 'body'>
    return { insert: { ...head, body: text.slice(end + 1) }, file }
  }

  /** It has arrived. A checkpoint that was replaced meanwhile goes on waiting. */
  async remove(file: WaitingFile): Promise<void> {
    if (rowsName.test(file.name)) {
      assert(this.#rows[0] === file, 'inserts leave in their order')
      this.#rows.shift()
    } else {
      if (this.#checkpoints.get(file.name) !== file) return
      this.#checkpoints.delete(file.name)
    }
    this.#bytes -= file.bytes
    await rm(join(this.#folder, file.name), { force: true })
  }

  #found(name: string): WaitingFile {
    const bytes = statSync(join(this.#folder, name)).size
    this.#bytes += bytes
    return { name, bytes }
  }
}
