/** npm run bench -- NAME [--full] [--json]: one command for every measurement. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { describeError, LmapError } from '../src/model/errors.ts'
import { type Bench, tableOf } from './figures.ts'

const benches: Record<string, { text: string; load: () => Promise<{ bench: Bench }> }> = {
  core: { text: 'kernels of the core beside JavaScript and a peer', load: () => import('./core.ts') },
  fanout: {
    text: 'ten thousand subscribers beside ws, socket.io, JSON and raw writes',
    load: () => import('./load/fanout.ts'),
  },
  frames: {
    text: 'bytes of frames beside JSON, gzip, permessage-deflate and MessagePack',
    load: () => import('./frames.ts'),
  },
  positions: {
    text: 'the predicted map beside the positions that the simulator holds',
    load: () => import('./positions.ts'),
  },
  reports: { text: 'what the reports find of what the simulator planted', load: () => import('./reports.ts') },
  lift: { text: 'how often levels held that reports spoke of, beside controls', load: () => import('./lift.ts') },
  venues: {
    text: 'live feeds: faults, load and mapping, on test venues',
    load: () => import('./venues.ts'),
  },
  history: {
    text: 'the store at its size: as-of, disk, inserts, each question of docs/sql.md',
    load: () => import('./history.ts'),
  },
  kafka: {
    text: 'collector, broker and processor beside the bare client',
    load: () => import('./kafka.ts'),
  },
  page: { text: 'the page in Chromium: bytes, first map, frames, memory', load: () => import('./page.ts') },
  load: { text: 'the whole process under 80,000 level updates a second', load: () => import('./load/load.ts') },
}
/** Small runs of everything: shows in CI that each bench works, measures nothing. */
const SMOKE = 'smoke'
const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url))

const program = new Command('npm run bench --')
  .description('Measurements, as ratios against a peer or a limit in the same run.')
  .argument('<name>', `${Object.keys(benches).join(', ')} or ${SMOKE}`)
  .option('--full', 'the real size; the result is written to bench/RESULTS.md', false)
  .option('--json', 'last line: one JSON object of named figures', false)
  .addHelpText(
    'after',
    `\n${Object.entries(benches)
      .map(([name, { text }]) => `  ${name.padEnd(10)} ${text}`)
      .join('\n')}`,
  )
  .parse()
const [name = ''] = program.args
const options = program.opts<{ full: boolean; json: boolean }>()

try {
  const chosen = name === SMOKE ? Object.keys(benches) : [name]
  for (const one of chosen) {
    const known = benches[one]
    if (known === undefined) {
      throw new LmapError('LMAP_CONFIG', `there is no bench ${one}.`, {
        hint: `Known: ${Object.keys(benches).join(', ')}.`,
      })
    }
    const { bench } = await known.load()
    const result = await bench({ full: options.full && name !== SMOKE, smoke: name === SMOKE })
    const table = tableOf(result)
    process.stdout.write(`${table}\n`)
    if (options.full && name !== SMOKE) writeResult(one, table)
    if (options.json) process.stdout.write(`${JSON.stringify(result.figures)}\n`)
  }
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = 1
}
process.exit()

/** Replaces the section of one bench, with the machine and the commit it was measured on. */
function writeResult(bench: string, table: string): void {
  const old = existsSync(RESULTS)
    ? readFileSync(RESULTS, 'utf8')
    : '# Results\n\nWritten by `npm run bench -- NAME --full`. Trust the ratios: machines differ.\n'
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const section = `## ${bench}\n\n${table}\n${machine}; commit ${commit}; ${new Date().toISOString().slice(0, 10)}.\n`
  const at = old.search(new RegExp(`^## ${bench}$`, 'm'))
  const next = at < 0 ? -1 : old.indexOf('\n## ', at + 1)
  const before = at < 0 ? `${old.trimEnd()}\n\n` : old.slice(0, at)
  writeFileSync(RESULTS, `${before}${section}${next < 0 ? '' : old.slice(next)}`)
}
