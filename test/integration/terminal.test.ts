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
  const flags = [...args, '--no-store', '--speed', 'max', '--duration', '300']
  const child = spawn(process.execPath, ['src/main.ts', ...flags], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
  })
  // The summary at the end meets a pipe that is gone.
  child.stdout.once('data', () => child.stdout.destroy())
  const [code] = await once(child, 'close')
  expect(stderr).toBe('')
  expect(code).toBe(0)
})
