// Guards `npm ci` on every platform: npm refuses a lock file that leaves out an optional dependency, and a registry that
// lacks one of them (or an install on top of an old node_modules) writes such a file without a word.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockEntry {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockEntry>>
}

/** Where npm would find a package that `from` asks for: in its own folder or any above. */
function locked(from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true
    if (folder === '') return false
  }
}

test('the lock file holds every optional dependency of every package', () => {
  const missing = Object.entries(lock.packages).flatMap(([from, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !locked(from, name))
      .map((name) => `${name} of ${from || 'the project'}`),
  )
  expect(missing).toEqual([])
})
