import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const source = new URL('../src/web/', import.meta.url)
/** What a first visit loads, compressed. */
const GZIP_BYTES_MAX = 250_000
const EMBED = 'embed.js'

/**
 * Builds the page into a folder that it empties first: index.html, script, style sheet and icon with the hash of their
 * content in the name, so they can be cached for ever, and embed.js for other pages.
 */
export async function buildWeb(outFolder: string): Promise<void> {
  await rm(outFolder, { recursive: true, force: true })
  await mkdir(outFolder, { recursive: true })
  const script = await bundle('main.ts')
  const style = await bundle('page.css')
  const icon = await readFile(new URL('icon.svg', source))
  const template = await readFile(new URL('index.html', source), 'utf8')
  const page = template
    .replace('%SCRIPT%', await save(outFolder, 'map', 'js', script))
    .replace('%STYLE%', await save(outFolder, 'page', 'css', style))
    .replace('%ICON%', await save(outFolder, 'icon', 'svg', icon))
  await writeFile(join(outFolder, 'index.html'), page)
  // Other pages name it, so its name stays. A plain script: it knows where it came from, and needs no leave to be loaded.
  await writeFile(join(outFolder, EMBED), await bundle('embed.ts', 'iife'))
  const bytes = await gzipBytes(outFolder)
  if (bytes > GZIP_BYTES_MAX) throw new Error(`the page has grown to ${bytes} bytes, more than ${GZIP_BYTES_MAX}`)
}

/** Bytes of a built page on a first visit, compressed. The script for other pages is not a part of it. */
export async function gzipBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder)) {
    if (name !== EMBED) bytes += gzipSync(await readFile(join(folder, name))).length
  }
  return bytes
}

async function bundle(entry: string, format: 'esm' | 'iife' = 'esm'): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, source))],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: 'es2022',
    legalComments: 'inline',
    // Inside the script a style sheet is text for a shadow root; as an entry it is a file of its own.
    loader: { '.css': entry.endsWith('.css') ? 'css' : 'text' },
    logLevel: 'silent',
  })
  return result.outputFiles[0]!.contents
}

async function save(folder: string, name: string, extension: string, content: Uint8Array): Promise<string> {
  // Capitals after a dash: the gateway tells by this form that a file may be cached for ever.
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 8).toUpperCase()
  const file = `${name}-${hash}.${extension}`
  await writeFile(join(folder, file), content)
  return `/${file}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../build/web', import.meta.url))
  await buildWeb(folder)
  process.stdout.write(`built ${folder}: ${((await gzipBytes(folder)) / 1000).toFixed(1)} KB gzipped\n`)
}
