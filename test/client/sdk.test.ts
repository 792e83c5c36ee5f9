// Guards the SDK as others get it: the built entry runs the example of docs/sdk.md in plain Node, its types stand by
// themselves, and after a gateway has died and come back every client has a map equal to the server's within 5 s.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freePort } from '../../ops/kafka/broker.ts'
import { connect } from '../../src/client/connection.ts'
import type { MapState } from '../../src/client/map-state.ts'
import { BUCKETS } from '../../src/model/layers.ts'
import type { Column } from '../../src/wire/blocks.ts'
import { Feed } from '../gateway/feed.ts'
import { type Rig, startGateway, until } from '../gateway/rig.ts'
import { sweepRow } from '../model/report-samples.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/sdk.md'), 'utf8'))![1]!

/** A gateway with one stream, whose columns are told as an engine tells them. */
async function serve(port = 0): Promise<{ rig: Rig; feed: Feed }> {
  let rig: Rig | undefined
  const feed = new Feed(0, 0, 3, (live) => rig?.gateway.block(live))
  for (let column = 0; column < 40; column++) {
    feed.delta(50)
    feed.close()
  }
  rig = await startGateway({
    port,
    history: async () => feed.stored(),
    activate: (_, __, on) => {
      if (on) feed.key()
      rig?.gateway.flush()
    },
  })
  return { rig, feed }
}

test('the example of docs/sdk.md has 15 lines and follows a map', async () => {
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(15)
  const { rig, feed } = await serve()
  const child = spawn(process.execPath, ['--input-type=module', '-e', example], {
    cwd: root,
    env: { ...process.env, LMAP_URL: rig.ws },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  try {
    await until('a snapshot', () => output.split('\n').length > 1)
    feed.delta()
    rig.gateway.flush()
    await until('a change', () => output.split('\n').length > 2)
    expect(output.split('\n')[1]).toContain(` 40 ${feed.live.close} `)
    rig.gateway.report(sweepRow())
    rig.gateway.flush()
    await until('a report', () => output.includes('sweep undefined sell 64190 1500000'))
  } finally {
    child.kill()
    await rig.gateway.stop()
  }
})

test('the types of the entry need nothing of ours but themselves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-sdk-'))
  const file = join(folder, 'use.mts')
  const entry = join(root, 'build/client/types/client/index.js')
  writeFileSync(
    file,
    `import { connect, type Column, usdOfCode } from ${JSON.stringify(entry)}\n` +
      `const stream = connect({ url: 'ws://x', now: () => 0, random: () => 0 }).subscribe('BTC', '1m')\n` +
      'const column: Column | undefined = stream.map.live\n' +
      'export const usd: number = usdOfCode(column?.cells[0] ?? 0, 1)\n' +
      '// @ts-expect-error: a number is no asset\n' +
      "connect({ url: 'ws://x', now: () => 0, random: () => 0 }).subscribe(1, '1m')\n",
  )
  try {
    const tsc = join(root, 'node_modules/.bin/tsc')
    execFileSync(tsc, [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--types',
      '',
      '--lib',
      'es2024,dom',
      '--module',
      'nodenext',
      file,
    ])
  } catch (error) {
    throw new Error(String((error as { stdout: Buffer }).stdout))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function digest(columns: readonly Column[]): string {
  const hash = createHash('sha256')
  for (const { cells, ...facts } of columns) hash.update(JSON.stringify(Object.entries(facts).sort())).update(cells)
  return hash.digest('hex')
}
const digestOfMap = ({ columns, live }: MapState) => digest([...columns, ...(live === undefined ? [] : [live])])

test('after a restart of the gateway every client is back with the right map within 5 s', async () => {
  const CLIENTS = 40
  const port = await freePort()
  const first = await serve(port)
  const connections = Array.from({ length: CLIENTS }, () =>
    connect({ url: first.rig.ws, now: Date.now, random: Math.random }),
  )
  const streams = connections.map((connection) => connection.subscribe('BTC', '1m'))
  await until('all maps', () => streams.every(({ state }) => state === 'live'))
  await first.rig.gateway.stop()
  await until('the loss to be noticed', () => streams.every(({ state }) => state !== 'live'))
  const begun = Date.now()
  const { rig, feed } = await serve(port)
  try {
    feed.delta(200)
    rig.gateway.flush()
    const truth = () => digest([...feed.closed, feed.live])
    await until('the right map everywhere', () => streams.every(({ map }) => map.whole && digestOfMap(map) === truth()))
    expect(Date.now() - begun).toBeLessThan(5_000)
  } finally {
    for (const connection of connections) connection.close()
    await rig.gateway.stop()
  }
})

test('a client that wants less gets less, after a restart too', async () => {
  const port = await freePort()
  const first = await serve(port)
  const connection = connect({ url: first.rig.ws, now: Date.now, random: Math.random })
  const stream = connection.subscribe('BTC', '1m', { layers: ['bid'], columns: 6 })
  const isThin = () =>
    stream.state === 'live' &&
    stream.map.columns.length === 5 &&
    stream.map.columns.every(({ cells }) => cells.subarray(BUCKETS).every((code) => code === 0)) &&
    stream.map.columns.some(({ cells }) => cells.some((code) => code !== 0))
  await until('the thin map', isThin)
  await first.rig.gateway.stop()
  await until('the loss to be noticed', () => stream.state !== 'live')
  const { rig } = await serve(port)
  try {
    await until('the thin map again', isThin)
  } finally {
    connection.close()
    await rig.gateway.stop()
  }
})
