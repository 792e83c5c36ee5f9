import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../src/model/errors.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
/**
 * Level updates a second of the market's own time while history is made: two for each book. A minute of it fills the map with
 * its 360 columns, from where on a page has no reason to grow.
 */
const HISTORY_RATE = 700
const HISTORY_SPEED = 360
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 15_000

/** The product as a user starts it: all assets of the simulated market, embedded store, in a folder of its own. */
export class Product {
  readonly #data = mkdtempSync(join(tmpdir(), 'lmap-page-bench-'))
  #server: ChildProcess | undefined
  #address = ''

  get address(): string {
    return this.#address
  }

  /** A market that runs fast leaves columns behind, so that a map has something to show. */
  async makeHistory(ms: number): Promise<void> {
    await this.#start('--speed', String(HISTORY_SPEED), '--rate', String(HISTORY_RATE))
    await sleep(ms)
    await this.stop()
  }

  async start(): Promise<void> {
    await this.#start()
    const end = performance.now() + READY_MS_MAX
    while (!(await fetch(`${this.#address}/readyz`)).ok) {
      if (performance.now() > end) throw new LmapError('LMAP_NOT_READY', 'the server has not become ready.')
      await sleep(100)
    }
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || server.exitCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGINT')
    const late = AbortSignal.timeout(STOP_MS_MAX)
    late.addEventListener('abort', () => server.kill('SIGKILL'))
    await gone
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.#data, { recursive: true, force: true })
  }

  async #start(...more: string[]): Promise<void> {
    const args = [MAIN, '--port', '0', '--data', this.#data, ...more]
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#server = server
    let text = ''
    for await (const chunk of server.stdout) {
      text += String(chunk)
      const found = /page\s+(http:\S+?)\/?\s/.exec(text)?.[1]
      if (found === undefined) continue
      this.#address = found
      // Nobody reads on: what the server says from now on must not fill the pipe.
      server.stdout.resume()
      return
    }
    throw new LmapError('LMAP_INTERNAL', `the server ended at once: ${text}`)
  }
}
