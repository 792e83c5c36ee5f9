// Guards the end of a run whose store is gone: whatever the server does (refuses, hangs, cuts the line), Ctrl-C ends the
// process in time, in order, and says what was not written.
import { afterAll, afterEach, expect, test } from 'vitest'
import { limits } from '../../src/model/limits.ts'
import { type Behaviour, serve } from '../store/server.ts'
import { addressOf, endCommands, newFolder, removeFolders, startMain } from './command.ts'

afterEach(endCommands)
afterAll(removeFolders)

/** Store and engine may each use up their time; the others need none. */
const STOP_MS_MAX = 2 * limits.stopMsMax + 1_000

const cases: readonly { failure: Behaviour; says: RegExp; code: number }[] = [
  { failure: 'refuse', says: /rows wait on the disk[^\n]*\nStopped in order\.\n$/, code: 0 },
  { failure: 'die before', says: /rows wait on the disk[^\n]*\nStopped in order\.\n$/, code: 0 },
  {
    failure: 'hang',
    says: /LMAP_STORE_DOWN: \d+ rows could not[^\n]*\nStopped, but not all of it in order[^\n]*\n$/,
    code: 1,
  },
]

test.each(cases)('a server that fails: $failure', { retry: 2, timeout: 60_000 }, async ({ failure, says, code }) => {
  const server = await serve()
  const simulator = ['--port', '0', '--assets', 'BTC,ETH', '--rate', '500', '--data', newFolder()]
  const command = startMain([...simulator, '--clickhouse', `http://${server.host}`])
  const address = await addressOf(command)
  await expect.poll(async () => (await fetch(`${address}/readyz`)).status, { timeout: 15_000 }).toBe(200)
  server.behave = () => failure
  const before = server.inserts.length
  await expect.poll(() => server.inserts.length, { timeout: 15_000 }).toBeGreaterThan(before)
  const begun = performance.now()
  command.signal('SIGINT')
  const ended = await command.ended
  expect(performance.now() - begun).toBeLessThan(STOP_MS_MAX)
  expect(ended).toMatchObject({ code, stderr: '' })
  expect(ended.stdout).toMatch(says)
})
