// Guards what leaves the process in a log line: no secret, no credentials of an address, errors with their code,
// one line per entry in both forms.
import { expect, test } from 'vitest'
import { LmapError } from '../../src/model/errors.ts'
import { createLog, type LogLevel } from '../../src/telemetry/log.ts'

function capture(pretty: boolean, level: LogLevel = 'info') {
  const lines: string[] = []
  const log = createLog({ level, pretty, stream: { write: (text: string) => lines.push(text) } })
  return { log, lines }
}

test('a JSON line holds level, time, fields and message', () => {
  const { log, lines } = capture(false)
  log.info({ port: 8080 }, 'listening')
  expect(lines).toHaveLength(1)
  const entry = JSON.parse(lines[0]!)
  expect(entry).toMatchObject({ level: 'info', port: 8080, msg: 'listening' })
  expect(entry.time).toBeTypeOf('number')
})

test.each([false, true])('secrets and credentials do not leave (pretty %s)', (pretty) => {
  const { log, lines } = capture(pretty)
  log.warn(
    { password: 'hunter2', store: { token: 'hunter2', deep: { apiKey: 'hunter2' } }, url: 'http://me:hunter2@host/' },
    'cannot reach http://me:hunter2@host/db',
  )
  const cause = new Error('refused by https://me:hunter2@host')
  log.error({ error: new LmapError('LMAP_STORE_DOWN', 'http://me:hunter2@host is down', { cause }) }, 'down')
  expect(lines).toHaveLength(2)
  const text = lines.join('')
  expect(text).not.toContain('hunter2')
  expect(text).toContain('[redacted]@host')
})

test('an error is written with its code and hint, and its stack only where it is ours', () => {
  const { log, lines } = capture(false)
  log.error({ error: new LmapError('LMAP_PORT_BUSY', 'taken', { hint: 'Use --port.' }) }, 'no')
  log.error({ error: new TypeError('ours') }, 'no')
  expect(JSON.parse(lines[0]!).error).toEqual({
    code: 'LMAP_PORT_BUSY',
    hint: 'Use --port.',
    name: 'LmapError',
    message: 'taken',
  })
  expect(JSON.parse(lines[1]!).error.stack).toContain('log.test.ts')
})

test('a pretty entry is one line', () => {
  const { log, lines } = capture(true)
  log.info({ a: { b: [1, 2, 3] }, error: new TypeError('two\nlines') }, 'message')
  expect(lines).toHaveLength(1)
  expect(lines[0]!.trimEnd().split('\n')).toHaveLength(1)
})

test('entries below the level are not written', () => {
  const { log, lines } = capture(false, 'warn')
  log.debug({}, 'no')
  log.info({}, 'no')
  log.warn({}, 'yes')
  expect(lines).toHaveLength(1)
})
