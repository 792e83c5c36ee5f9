import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterEach } from 'vitest'
import { BuiltPage, hostsAskedBy, saidBy } from './built-page.ts'
import { DevGateway, type DevGatewayOptions } from './dev-gateway.ts'

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }
/** A machine that paints in software and is busy elsewhere takes its time. */
export const patience = { timeout: 25_000 }

export interface OpenOptions extends DevGatewayOptions {
  readonly hash?: string
  readonly context?: BrowserContextOptions
  /** Runs before the page's own script. */
  readonly script?: string
}

/** The built page in a browser, with a gateway of a made-up market behind it; made anew for each test that opens it. */
export class PageRig extends BuiltPage {
  gateway!: DevGateway
  page!: Page
  /** What the console and uncaught errors said. */
  said: string[] = []
  /** Whom the page has asked for anything. */
  hosts: readonly string[] = []

  /** To be made where tests are described: it hooks itself into them. */
  constructor(...flags: string[]) {
    super(...flags)
    afterEach(async () => {
      await this.page?.context().close()
      this.gateway?.stop()
    })
  }

  get address(): string {
    return `http://127.0.0.1:${this.gateway.port}/`
  }

  async open({ hash = '', context, script, ...options }: OpenOptions = {}): Promise<void> {
    this.gateway = new DevGateway({ folder: this.folder, tickMs: 100, columns: 80, ...options })
    await this.gateway.start()
    const fresh = await this.browser.newContext({ viewport: desktop, ...context })
    await this.openPage(await fresh.newPage(), hash, script)
  }

  async openPage(page: Page, hash = '', script?: string): Promise<void> {
    this.page = page
    this.said = saidBy(page)
    this.hosts = hostsAskedBy(page)
    if (script !== undefined) await page.addInitScript(script)
    await page.goto(`${this.address}${hash}`)
    await page.waitForSelector('liquidity-map[state="live"]', patience)
  }

  /** Opened anew as the same reader. */
  async reload(): Promise<void> {
    await this.page.reload()
    await this.page.waitForSelector('liquidity-map[state="live"]', patience)
  }

  text(selector: string): Promise<string | null> {
    return this.page.locator(selector).first().textContent()
  }
}
