// Guards the whole topology as processes: broker, store, collector, two processors, two gateways behind one port. A client
// gets its map through the front, what Prometheus and Grafana ask for exists, a part that dies is started again and the
// client heals, and one Ctrl-C stops everything in order.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaRequirements } from '../../ops/kafka/kafka.ts'
import { type Connection, connect, MapChange } from '../../src/client/index.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createVenueReport } from '../../src/venues/live/venue-report.ts'
import { metricsIn, metricsOf, queries } from '../ops/queries.ts'
import { requirement } from '../requirements.ts'
import { projectRoot } from '../source-files.ts'

const real = requirement('npm run cluster', kafkaRequirements())
const START_MS_MAX = 120_000
const POLL_MS = 50

describe.skipIf(real.skip)(real.title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-cluster-'))
  let cluster: ChildProcess
  let output = ''
  let connection: Connection | undefined

  async function said(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const match = pattern.exec(output)
      if (match !== null) return match
      if (cluster.exitCode !== null || waitedMs > withinMs) throw new Error(`${pattern} was not said:\n${output}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  const addressOf = async (name: string): Promise<string> =>
    (await said(new RegExp(`^  ${name} +(http\\S+)`, 'm'), START_MS_MAX))[1]!

  beforeAll(async () => {
    const ports = ['--port', '0', '--kafka-port', '0', '--clickhouse-port', '0']
    const market = ['--assets', 'BTC,ETH,SOL', '--rate', '3000', '--partitions', '4', '--folder', folder]
    cluster = spawn(process.execPath, ['ops/local/cluster.ts', ...ports, ...market], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [cluster.stdout!, cluster.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    await said(/Ctrl-C stops\.$/m, START_MS_MAX)
  }, START_MS_MAX)

  afterAll(async () => {
    connection?.close()
    if (cluster.exitCode === null) {
      cluster.kill('SIGTERM')
      await once(cluster, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  test('page and stream come through the one port', async () => {
    const page = await addressOf('page')
    expect(await (await fetch(page)).text()).toContain('<title>')
    const url = `${page.replace('http', 'ws')}/stream`
    connection = connect({ url, now: Date.now, random: Math.random })
    const stream = connection.subscribe('ETH', '1m')
    for await (const change of stream) if (change === MapChange.live) break
    expect(stream.map.live!.close).toBeGreaterThan(0)
  }, 30_000)

  test('every metric that is watched is told by the processes that are asked for it', async () => {
    const metricsAt = async (name: string): Promise<Set<string>> =>
      metricsIn(await (await fetch(`${await addressOf(name)}/metrics`)).text())
    const parts = { collect: 'collector', process: 'processor-1', serve: 'gateway-1' }
    const told = new Map<string, Set<string>>()
    for (const [job, name] of Object.entries(parts)) told.set(job, await metricsAt(name))
    // Only a collector of live venues has these.
    const live = createMetrics({ process: false })
    createVenueReport(createLog({ level: 'error', pretty: false, stream: process.stderr }), live)([])
    for (const name of metricsIn(await live.text())) told.get('collect')!.add(name)
    // Prometheus's own.
    const given = new Set(['up', 'ALERTS'])
    const missing = queries().flatMap(({ of, expr }) => {
      const jobs = [...expr.matchAll(/job=~?"([^"]+)"/g)].flatMap(([, named]) => named!.split('|'))
      const asked = jobs.length > 0 ? jobs : [...told.keys()]
      return metricsOf(expr)
        .filter((name) => !given.has(name) && !asked.some((job) => told.get(job)!.has(name)))
        .map((name) => `${of}: ${name} at ${asked.join(', ')}`)
    })
    expect(missing).toEqual([])
  }, 30_000)

  test('a gateway and a processor that die are started again, and the client heals by itself', async () => {
    const kill = async (name: string): Promise<void> => {
      const [, id] = await said(new RegExp(`^  ${name} .*process (\\d+)$`, 'm'), 1_000)
      process.kill(Number(id), 'SIGKILL')
      await said(new RegExp(`^  ${name} is back`, 'm'), 60_000)
    }
    await Promise.all(['gateway-1', 'gateway-2', 'processor-1', 'processor-2'].map(kill))
    const clockMs = connection!.subscribe('ETH', '1m').map.clockMs
    const stream = connection!.subscribe('ETH', '1m')
    for await (const change of stream) {
      if (change >= MapChange.live && stream.state === 'live' && stream.map.clockMs > clockMs + 1_000) break
    }
    expect(connection!.state).toBe('open')
  }, 120_000)

  test('one Ctrl-C stops all of it in order', async () => {
    connection?.close()
    cluster.kill('SIGINT')
    const [code] = await once(cluster, 'exit')
    expect(output).toMatch(/Stopped in order\.\n$/)
    expect(code).toBe(0)
  }, 60_000)
})
