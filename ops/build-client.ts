import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const entry = join(root, 'src/client/index.ts')

/** Builds the SDK into a folder that it empties first: one script without dependencies, and its types. */
export async function buildClient(outFolder: string): Promise<void> {
  await rm(outFolder, { recursive: true, force: true })
  await mkdir(outFolder, { recursive: true })
  await build({
    entryPoints: [entry],
    outfile: join(outFolder, 'index.js'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'silent',
  })
  const options = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--outDir', join(outFolder, 'types')]
  const environment = ['--target', 'es2023', '--lib', 'es2024,dom', '--module', 'nodenext', '--types', '']
  const language = ['--allowImportingTsExtensions', '--verbatimModuleSyntax', '--strict', '--skipLibCheck']
  const config = ['--ignoreConfig', '--rootDir', join(root, 'src')]
  const tsc = join(root, 'node_modules/.bin/tsc')
  execFileSync(tsc, [...config, ...options, ...environment, ...language, entry], { stdio: 'pipe' })
  await nameScripts(join(outFolder, 'types'))
}

/** Types name each other as sources; whoever reads them has none. */
async function nameScripts(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue
    const text = await readFile(join(folder, name), 'utf8')
    await writeFile(join(folder, name), text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClient(join(root, 'build/client'))
