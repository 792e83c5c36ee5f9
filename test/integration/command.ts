import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ErrorCode } from '../../src/model/errors.ts'
import { projectRoot } from '../source-files.ts'

const POLL_MS = 20

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** `node src/main.ts` as a user starts it, and what it says. */
export interface Command {
  readonly ended: Promise<Ended>
  /** Resolves when stdout matches; fails when the process ends or the time is up before. */
  said(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  /** The work's result; fails with what the command has said when it ends meanwhile. */
  during<Result>(work: Promise<Result>): Promise<Result>
}

const running = new Set<ChildProcess>()
const folders: string[] = []

export function startMain(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('LMAP_'))
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: projectRoot,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal, ...text })
    })
  })
  return {
    ended,
    signal: (name) => child.kill(name),
    during: (work) => Promise.race([work, ended.then(unexpected)]),
    async said(pattern, withinMs = 20_000) {
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const match = pattern.exec(text.stdout)
        if (match !== null) return match
        if (!running.has(child) || waitedMs > withinMs) {
          throw new Error(`${pattern} was not said within ${waitedMs} ms:\n${text.stdout}${text.stderr}`)
        }
        await pause(POLL_MS)
      }
    },
  }
}

function unexpected({ code, signal, stdout, stderr }: Ended): never {
  throw new Error(`the command has ended (${code ?? signal}):\n${stdout}${stderr}`)
}

/** Runs to the end. */
export function runMain(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return startMain(args, env).ended
}

/** A new folder; `removeFolders` takes it away. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-test-'))
  folders.push(folder)
  return folder
}

/** For afterEach: nothing started by a test outlives it. */
export async function endCommands(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      return closed
    }),
  )
}

/** For afterAll. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Address of the page that a started command has told. */
export async function addressOf(command: Command): Promise<string> {
  return (await command.said(/^ {2}page +(http\S+)$/m))[1]!.replace('localhost', '127.0.0.1')
}

/** One line with the code and what to do, a failed exit, and nothing like a stack. */
export function expectRefusal({ code, stdout, stderr }: Ended, error: ErrorCode, words: RegExp): void {
  expect(stderr).toMatch(new RegExp(`^${error}: [^\\n]+\\n$`))
  expect(stderr).toMatch(words)
  expect(stderr.length).toBeLessThan(400)
  expect(stdout).not.toMatch(/^\s+at /m)
  expect(code).not.toBe(0)
  expect(code).not.toBeNull()
}

/** The closing table of a run, by name, without its time. */
export function summaryOf({ stdout }: Ended): Record<string, number> {
  const table = /The source has ended\.\n((?: {2}.+\n)+)/.exec(stdout)?.[1]
  if (table === undefined) throw new Error(`there is no summary in:\n${stdout}`)
  const rows = [...table.matchAll(/^ {2}(\w+) +([\d,.]+)/gm)]
  const counts = rows.filter(([, name]) => name !== 'time')
  return Object.fromEntries(counts.map(([, name, value]) => [name, Number(value!.replaceAll(',', ''))]))
}
