// Guards `npm run faults` in a short round on the real broker and engine: whatever part is killed while a market is played,
// the closed columns and report rows of the cluster equal those of one process that nothing happened to, and the clients'
// maps move again. The seed decides market, victims and moments.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { kafkaRequirements } from '../../ops/kafka/kafka.ts'
import { requirement } from '../requirements.ts'
import { projectRoot } from '../source-files.ts'
import { seed } from '../store/samples.ts'

const real = requirement('npm run faults', kafkaRequirements())
const ROUNDS = 3

describe.skipIf(real.skip)(real.title, () => {
  test(`${ROUNDS} kills leave what an uninterrupted run has (seed ${seed})`, { timeout: 600_000 }, async () => {
    const words = ['--rounds', String(ROUNDS), '--seed', String(seed), '--assets', 'BTC,ETH,SOL,DOGE', '--json']
    const child = spawn(process.execPath, ['ops/local/faults.ts', ...words], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect(stderr, stdout).toBe('')
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(result, stdout).toMatchObject({ seed, rounds: ROUNDS, equal: ROUNDS })
    expect(new Set(result.done.map(({ victim }: { victim: string }) => victim)).size).toBe(ROUNDS)
    for (const { columns, reports } of result.done) expect(Math.min(columns, reports)).toBeGreaterThan(0)
  })
})
