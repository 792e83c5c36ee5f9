import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const own = [process.env.PLAYWRIGHT_CHROMIUM, '/usr/bin/chromium', chromium.executablePath()]
/** Undefined where no Chromium was found; PLAYWRIGHT_CHROMIUM names one elsewhere. */
export const chromiumPath = own.find((path) => path !== undefined && path !== '' && existsSync(path))

export function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      '--no-sandbox',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
      ...more,
    ],
  })
}
