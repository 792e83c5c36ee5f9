import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What a test is called and whether it runs: `describe.skipIf(skip)(title, ...)`. */
export interface Requirement {
  readonly title: string
  readonly skip: boolean
}

/**
 * A test that needs something the machine may lack: it is skipped with a word that says what, and with CI or
 * LMAP_REQUIRE_ALL in the environment the lack is a failure.
 */
export function requirement(title: string, missing: string | undefined): Requirement {
  if (missing === undefined) return { title, skip: false }
  if (process.env.CI || process.env.LMAP_REQUIRE_ALL) throw new Error(`${title}: this machine lacks ${missing}`)
  return { title: `${title} (skipped: needs ${missing})`, skip: true }
}

/** Path of a file of the shared data folder, which lies beside the project and is no part of it. */
export function sharedPath(name: string): string {
  return fileURLToPath(new URL(`../../shared/data/${name}`, import.meta.url))
}

/** For `requirement`: which of these shared files is not there. */
export function sharedMissing(...names: readonly string[]): string | undefined {
  const name = names.find((one) => !existsSync(sharedPath(one)))
  return name === undefined ? undefined : `../shared/data/${name}`
}
