// Guards `npm run outage` in a short round: a ClickHouse server that is killed under load and comes back leaves the same
// counts and sums as a run without it; a process that is killed leaves nothing that its log does not say.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { projectRoot } from '../source-files.ts'
import { engineSuite, seed } from '../store/samples.ts'

engineSuite('outage', () => {
  test(`of the store and of the process (seed ${seed})`, { timeout: 300_000 }, async () => {
    const args = ['ops/local/outage.ts', '--seconds', '3', '--seed', String(seed), '--assets', 'BTC,ETH,DOGE', '--json']
    const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect(stderr).toBe('')
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(result).toMatchObject({ seed, differences: [], columnsWrong: 0 })
    expect(result.columns).toBeGreaterThan(result.columnsLost)
    expect(result.found).toMatch(/^[1-9]\d* columns, \d+ liquidations, the newest until \d{4}-/)
  })

  test('a word that is no number is refused in one line', async () => {
    const args = ['ops/local/outage.ts', '--seconds', 'long']
    const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'ignore', 'pipe'] })
    expect(await text(child.stderr)).toMatch(/^LMAP_CONFIG: --seconds is a whole number[^\n]*--help\n$/)
  })
})
