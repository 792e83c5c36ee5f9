// Guards the start on a platform without the embedded engine: one coded error that names the ways out.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a missing engine is said in one line', async () => {
  const source = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith('chdb')) throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })
    const { openClient } = await import('${new URL('../../src/store/client.ts', import.meta.url).href}')
    const { describeError } = await import('${new URL('../../src/model/errors.ts', import.meta.url).href}')
    await openClient({ path: '/nowhere' }).catch((error) => console.log(describeError(error)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source])
  expect(stdout).toMatch(/^LMAP_STORE_MISSING: [^\n]*--clickhouse http[^\n]*--no-store[^\n]*\n$/)
})
