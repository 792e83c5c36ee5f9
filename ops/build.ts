/** Builds what `npm start` and the tests need: the core (release and debug), the page and the SDK. Does nothing when all is fresh. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import { buildClient } from './build-client.ts'
import { buildWeb } from './build-web.ts'
import { wasmFault } from './check-wasm.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'build')

mkdirSync(out, { recursive: true })
await step('core', ['assembly', 'asconfig.json', 'package-lock.json'], ['core.wasm', 'core.debug.wasm'], async () => {
  for (const target of ['release', 'debug']) await buildCore(target)
})
await step(
  'page',
  ['src/web', 'src/client', 'src/wire', 'src/model', 'ops/build-web.ts', 'package-lock.json'],
  ['web'],
  () => buildWeb(join(out, 'web')),
)

await step(
  'client',
  ['src/client', 'src/wire', 'src/model', 'ops/build-client.ts', 'package-lock.json'],
  ['client/index.js', 'client/types/client/index.d.ts'],
  () => buildClient(join(out, 'client')),
)

/** Runs `build` unless its outputs exist and its inputs hash to what they did at the last build. */
async function step(name: string, inputs: string[], outputs: string[], build: () => Promise<void>): Promise<void> {
  const hash = createHash('sha256')
  for (const file of inputs.flatMap((input) => files(join(root, input)))) hash.update(file).update(readFileSync(file))
  const digest = hash.digest('hex')
  const stamp = join(out, `${name}.stamp`)
  const fresh =
    outputs.every((output) => existsSync(join(out, output))) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest
  if (fresh) return
  process.stderr.write(`building the ${name} ...\n`)
  await build()
  writeFileSync(stamp, digest)
}

async function buildCore(target: string): Promise<void> {
  const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', target, '--baseDir', root])
  if (error) throw new Error(`the core does not compile:\n${stderr.toString()}`)
  const file = target === 'release' ? 'core.wat' : 'core.debug.wat'
  const fault = wasmFault(readFileSync(join(out, file), 'utf8'))
  if (fault !== undefined) throw new Error(`${file}: ${fault}`)
}

function files(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
    .sort()
}
