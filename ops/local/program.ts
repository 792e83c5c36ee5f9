import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../../src/model/errors.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What is kept of a program's words, to say why it failed. */
const LINES_MAX = 400
const READY_MS_MAX = 90_000
const STOP_MS_MAX = 20_000

export interface ProgramOptions {
  /** What it is called in messages. */
  readonly name: string
  /** Script of this project and its arguments. */
  readonly script: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** It is ready when it has said so; its first group is the address, where it has one. */
  readonly ready: RegExp
  readonly readyMsMax?: number
  /** Told every line. */
  readonly line?: (line: string) => void
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A program of this project as a process of its own. */
export interface Program {
  readonly name: string
  readonly id: number
  /** First group of `ready`; empty where it has none. */
  readonly address: string
  readonly ended: Promise<Ended>
  readonly isRunning: boolean
  /** The newest lines. */
  readonly lines: readonly string[]
  /** Resolves with the line that matches, now or later; rejects when the program ends or the time is up before. */
  said(pattern: RegExp, withinMs: number): Promise<string>
  /** In order, by SIGTERM; by force when it takes too long. */
  stop(): Promise<Ended>
  /** At once, as a crash would. */
  kill(): Promise<Ended>
  /** SIGSTOP and SIGCONT: alive, but silent. */
  pause(): void
  wake(): void
}

/** Starts it and resolves when it is ready; rejects with its own reason when it ends or is silent instead. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const program = new RunningProgram(options)
  try {
    await program.becomeReady(options.ready, options.readyMsMax ?? READY_MS_MAX)
  } catch (error) {
    await program.kill()
    throw error
  }
  return program
}

class RunningProgram implements Program {
  readonly name: string
  readonly lines: string[] = []
  readonly ended: Promise<Ended>
  address = ''
  readonly #child: ChildProcess
  readonly #waiting = new Set<(line: string) => void>()
  readonly #line: ((line: string) => void) | undefined

  constructor({ name, script, args, env, line }: ProgramOptions) {
    this.name = name
    this.#line = line
    // A setting of the surroundings must not reach into a run that is to be the same everywhere.
    const own = Object.entries(process.env).filter(([key]) => !key.startsWith('LMAP_'))
    this.#child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...Object.fromEntries(own), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C is for whoever started it, who stops the parts one after the other.
      detached: true,
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) this.#listen(stream)
    // Nothing of it outlives whoever started it.
    const killWithUs = (): void => void this.#child.kill('SIGKILL')
    process.prependOnceListener('exit', killWithUs)
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        process.off('exit', killWithUs)
        resolve({ code, signal })
      })
    })
  }

  get id(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async becomeReady(ready: RegExp, withinMs: number): Promise<void> {
    const line = await this.said(ready, withinMs)
    this.address = ready.exec(line)?.[1] ?? ''
  }

  async said(pattern: RegExp, withinMs: number): Promise<string> {
    const known = this.lines.find((line) => pattern.test(line))
    if (known !== undefined) return known
    const found = Promise.withResolvers<string>()
    const look = (line: string): void => {
      if (pattern.test(line)) found.resolve(line)
    }
    this.#waiting.add(look)
    const timer = setTimeout(
      () => found.reject(this.#failure(`has not said ${pattern} within ${withinMs} ms`)),
      withinMs,
    )
    this.ended.then(({ code, signal }) => found.reject(this.#failure(`has ended (${signal ?? `code ${code}`})`)))
    try {
      return await found.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
  }

  async stop(): Promise<Ended> {
    this.#child.kill('SIGCONT')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX)
    const ended = await this.ended
    clearTimeout(timer)
    return ended
  }

  kill(): Promise<Ended> {
    this.#child.kill('SIGKILL')
    return this.ended
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  #listen(stream: NodeJS.ReadableStream): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        this.lines.push(line)
        if (this.lines.length > LINES_MAX) this.lines.shift()
        this.#line?.(line)
        for (const look of [...this.#waiting]) look(line)
      }
    })
  }

  #failure(what: string): LmapError {
    const reason =
      this.lines.findLast((line) => /LMAP_|Error|error/.test(line)) ?? this.lines.at(-1) ?? 'it said nothing'
    return new LmapError('LMAP_INTERNAL', `${this.name} ${what}: ${reason.slice(0, 500)}`)
  }
}
