import { posix } from 'node:path'
import { withoutComments } from './source-files.ts'

/** Folders that the files of a folder may import from, beside their own. */
const neighbours: Readonly<Record<string, readonly string[]>> = {
  model: [],
  wire: ['model'],
  client: ['model', 'wire'],
  web: ['client', 'wire', 'model'],
  telemetry: ['model'],
  venues: ['model', 'telemetry'],
  log: ['model', 'telemetry'],
  engine: ['model', 'telemetry'],
  store: ['model', 'telemetry'],
  gateway: ['model', 'telemetry', 'wire'],
  alerts: ['model', 'telemetry'],
  // Puts stages together, as src/run.ts does.
  roles: ['*'],
}

/** Files directly under src/; `*` is every folder and each other. */
const rootFiles: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['*'],
  'src/run.ts': ['*'],
  'src/config.ts': ['model', 'telemetry', 'src/flag-values.ts', 'src/history-name.ts'],
  'src/flag-values.ts': ['model'],
  'src/backtest.ts': ['engine', 'model'],
  'src/doctor.ts': ['venues', 'store', 'model', 'telemetry', 'src/config.ts'],
  'src/universe.ts': ['venues', 'model', 'telemetry', 'src/config.ts'],
  'src/history-name.ts': ['venues'],
  'src/sql.ts': ['store', 'model', 'telemetry', 'src/config.ts', 'src/history-name.ts'],
  'src/export.ts': ['store', 'model', 'telemetry', 'src/config.ts', 'src/history-name.ts'],
}

/** Folders that also run in a browser. */
const browserSafe = new Set(['model', 'wire', 'client', 'web'])

/** The one door to each dependency. */
const doors: Readonly<Record<string, RegExp>> = {
  kafkajs: /^src\/log\/kafka[a-z-]*\.ts$/,
  piscina: /^src\/engine\/pool\.ts$/,
  '@clickhouse/client': /^src\/store\/client\.ts$/,
  // The back-test reads Parquet with the engine, without a store.
  chdb: /^src\/(store\/client|engine\/backtest\/table-file)\.ts$/,
  'uWebSockets.js': /^src\/gateway\/(front|http-exchange)\.ts$/,
  commander: /^src\/(config|flag-values|backtest|sql|export|doctor|universe)\.ts$/,
  ws: /^src\/venues\/live\/connection\.ts$/,
  zod: /^src\/gateway\/(control|plans|openapi|openapi-alerts|report-schemas)\.ts$/,
  jose: /^src\/gateway\/access\.ts$/,
  pino: /^src\/telemetry\/log\.ts$/,
  'pino-pretty': /^src\/telemetry\/log\.ts$/,
  'prom-client': /^src\/telemetry\/metrics\.ts$/,
  'lz4-napi': /^src\/(log\/kafka-client|store\/checkpoint-rows|venues\/recording\/(reader|recorder))\.ts$/,
  'lightweight-charts': /^src\/web\//,
}

/** Time, chance and environment are handed in from here: the composition roots of the process and of the page. */
const roots = new Set([
  'src/main.ts',
  'src/backtest.ts',
  'src/doctor.ts',
  'src/universe.ts',
  'src/sql.ts',
  'src/export.ts',
  'src/web/main.ts',
  'src/web/embed.ts',
])
const outside = /\b(?:Date\.now\b|new Date\(\)|Math\.random\b|crypto\.getRandomValues\b|process\.env\b)/g

/** What a file names in its imports, types and dynamic ones included, and the files it starts as workers. */
export function importsOf(source: string): string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
  ]
  const text = withoutComments(source)
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
}

/** The rules of ARCHITECTURE.md that this file breaks, one sentence each. */
export function importFaults(file: string, source: string): string[] {
  const faults = importsOf(source).map((name) => faultOf(file, name))
  if (!roots.has(file)) {
    for (const [used] of withoutComments(source).matchAll(outside)) faults.push(`${file} uses ${used}: hand it in`)
  }
  return faults.filter((fault) => fault !== undefined)
}

function faultOf(file: string, name: string): string | undefined {
  if (name.startsWith('.')) return neighbourFault(file, name)
  const folder = file.split('/')[1]!
  if (name.startsWith('node:'))
    return browserSafe.has(folder) ? `${file} imports ${name}, but runs in a browser` : undefined
  const dependency = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
  const door = doors[dependency]
  if (door === undefined) return `${file} imports ${dependency}, which has no door`
  return door.test(file) ? undefined : `${file} imports ${dependency}, whose door is elsewhere`
}

function neighbourFault(file: string, name: string): string | undefined {
  const target = posix.join(posix.dirname(file), name)
  if (!/\.(ts|json|css|svg)$/.test(target)) return `${file} imports ${name} without its ending`
  if (!target.startsWith('src/')) return `${file} imports ${target} from outside src/`
  const parts = file.split('/')
  const from = parts.length === 2 ? file : parts[1]!
  const to = target.split('/').length === 2 ? target : target.split('/')[1]!
  if (from === to) return undefined
  const allowed = parts.length === 2 ? rootFiles[file] : neighbours[from]
  if (allowed === undefined) return `${file} is in no known place`
  return allowed.includes('*') || allowed.includes(to) ? undefined : `${file} imports ${target}`
}
