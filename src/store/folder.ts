import { accessSync, constants, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { LmapError } from '../model/errors.ts'

/** Makes the folder and makes sure that it is ours to use, before the engine complains in its own many words. */
export function claimFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new LmapError('LMAP_DATA_FOLDER', `the data folder ${path} cannot be written (${codeOf(error)}).`, {
      hint: 'Name another one with --data, or start with --no-store.',
      cause: error,
    })
  }
  const process = holderOf(path)
  if (process?.certain) throw inUse(path, process.id)
}

/** Why the engine did not open the folder: it prints its reason and hands over none. */
export function folderFailure(path: string, cause: unknown): LmapError {
  const process = holderOf(path)
  if (process !== undefined) return inUse(path, process.id)
  return new LmapError('LMAP_DATA_FOLDER', `the embedded ClickHouse cannot open the data folder ${path}.`, {
    hint: 'Its own words are above; name another folder with --data, or move this one away.',
    cause,
  })
}

function inUse(path: string, processId: number): LmapError {
  return new LmapError('LMAP_DATA_IN_USE', `the data folder ${path} is in use by process ${processId}.`, {
    hint: 'Stop that process, or name another folder with --data.',
  })
}

/**
 * The other process that has the engine's lock file. A process number may be left over from a crash and belong to
 * somebody else by now: certain only where the system shows that the process has the file open.
 */
function holderOf(path: string): { id: number; certain: boolean } | undefined {
  const lock = join(path, 'status')
  const id = Number(/^PID: (\d+)/.exec(textOf(lock) ?? '')?.[1] ?? 0)
  if (id === 0 || id === process.pid || !isAlive(id)) return undefined
  const files = openFiles(id)
  if (files === undefined) return { id, certain: false }
  return files.includes(realpathSync(lock)) ? { id, certain: true } : undefined
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // No lock file: nobody has opened this folder, or the last one closed it in order.
    return undefined
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Only Linux tells, and only of our own processes. */
function openFiles(processId: number): string[] | undefined {
  const folder = `/proc/${processId}/fd`
  try {
    return readdirSync(folder).map((name) => targetOf(join(folder, name)))
  } catch {
    return undefined
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // Closed between listing and looking.
    return ''
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
