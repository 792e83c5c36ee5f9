import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/** What tools put there: fetched, built or left by a run. */
const foreign = new Set(['node_modules', 'libs', 'run', 'target', 'build', 'data'])

/** Files below a folder of the project, as paths from its root, sorted. */
export function filesBelow(folder: string): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name)
      if (entry.isFile()) found.push(relative(projectRoot, inner).split(sep).join('/'))
      else if (entry.isDirectory() && !foreign.has(entry.name)) walk(inner)
    }
  }
  walk(join(projectRoot, folder))
  return found.sort()
}

export function textOf(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8')
}

/** Source text without its comments; what looks like one inside a string stays. */
export function withoutComments(source: string): string {
  const stringOrComment = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/.*/g
  return source.replace(stringOrComment, (_, text: string | undefined) => text ?? '')
}
