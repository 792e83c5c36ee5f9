// Guards the ends that nobody asks for: a terminal that is closed and a pipe that nobody reads any more stop the process in
// order, with nothing lost, and never with a stack.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, expect, test } from 'vitest'
import { projectRoot } from '../source-files.ts'
import { addressOf, endCommands, newFolder, removeFolders, startMain } from './command.ts'

afterEach(endCommands)
afterAll(removeFolders)

const args = ['--port', '0', '--assets', 'BTC', '--rate', '500']

test('a terminal that is closed', { timeout: 40_000 }, async () => {
  const command = startMain([...args, '--data', newFolder()])
  await addressOf(command)
  command.signal('SIGHUP')
  command.signal('SIGHUP')
  const ended = await command.ended
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/\nStopped in order\.\n$/)
})

test('a pipe that nobody reads', { timeout: 40_000 }, async () => {
  // The summary at the end meets a pipe that is gone.
  const flags = [...args, '--no-store', '--speed', 'max', '--duration', '300']
  expect(await cutOff(['src/main.ts', ...flags])).toEqual({ code: 0, stderr: '' })
})

test('an answer in SQL of which only the beginning is read', { timeout: 40_000 }, async () => {
  const data = newFolder()
  const command = startMain([...args, '--data', data])
  await addressOf(command)
  const question = 'SELECT arrayJoin(range(300000)) AS number'
  expect(await cutOff(['src/sql.ts', '--data', data, '--format', 'csv', question])).toEqual({ code: 0, stderr: '' })
})

/** Runs a command whose reader goes away after the first piece. */
async function cutOff(flags: readonly string[]): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, flags, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = await once(child, 'close')
  return { code, stderr }
}
