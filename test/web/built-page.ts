import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { buildWeb } from '../../ops/build-web.ts'
import { launch } from './chromium.ts'

/** The page built into a folder of its own, and a browser to open it in; both for as long as the tests of a file run. */
export class BuiltPage {
  folder = ''
  browser!: Browser

  /** To be made where tests are described: it hooks itself into them. */
  constructor(...flags: string[]) {
    beforeAll(async () => {
      this.folder = await mkdtemp(join(tmpdir(), 'lmap-page-'))
      await buildWeb(this.folder)
      this.browser = await launch(...flags)
    }, 60_000)
    afterAll(async () => {
      await this.browser?.close()
      await rm(this.folder, { recursive: true, force: true })
    })
  }
}

/** What the console and uncaught errors of a page say from now on. */
export function saidBy(page: Page): string[] {
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(String(error)))
  return said
}

/** Whom a page asks for anything from now on, sockets included. */
export function hostsAskedBy(page: Page): string[] {
  const hosts: string[] = []
  page.on('request', (request) => hosts.push(new URL(request.url()).host))
  page.on('websocket', (socket) => hosts.push(new URL(socket.url()).host))
  return hosts
}
