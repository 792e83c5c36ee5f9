/** npm run secrets: passwords for docker-compose.yml, made once, each where only those who need it read it. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeError, LmapError } from '../../src/model/errors.ts'

const FOLDER = fileURLToPath(new URL('../../secrets', import.meta.url))
const OWNER_ONLY = 0o600
const PASSWORD_BYTES = 24

/** Files by name, each with the variables that one kind of container is told. */
export function makeSecrets(password: () => string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const clickhouse = password()
  return {
    'clickhouse.env': { CLICKHOUSE_USER: 'lmap', CLICKHOUSE_PASSWORD: clickhouse },
    'map.env': { LMAP_CLICKHOUSE: `http://lmap:${clickhouse}@clickhouse:8123` },
    'grafana.env': { GF_SECURITY_ADMIN_PASSWORD: password() },
  }
}

/** Never over what is there: the databases know the passwords of their first start. */
export function writeSecrets(folder: string, password: () => string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, variables] of Object.entries(makeSecrets(password))) {
    const text = Object.entries(variables).map(([key, value]) => `${key}=${value}\n`)
    try {
      writeFileSync(join(folder, name), text.join(''), { flag: 'wx', mode: OWNER_ONLY })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'EEXIST') {
        throw new LmapError('LMAP_FILE_UNWRITABLE', `${join(folder, name)} cannot be written (${code}).`, { cause })
      }
      throw new LmapError('LMAP_FILE_UNWRITABLE', `${join(folder, name)} is there already.`, {
        hint: 'Remove the folder to make new passwords; a database that has begun keeps its old one.',
        cause,
      })
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    // Letters and digits: one of them stands in an address.
    writeSecrets(FOLDER, () => randomBytes(PASSWORD_BYTES).toString('hex'))
    console.log(`${FOLDER} holds new passwords; the one of Grafana's admin is in grafana.env.`)
  } catch (error) {
    console.error(describeError(error))
    process.exitCode = 1
  }
}
