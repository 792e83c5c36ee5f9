// Guards the stream of reports on real sockets: a first message with what stands, then rows as they are told, beside the
// map on one connection; kinds and assets by plan; a client that was too slow begins anew without having missed the end
// of anything; refusals are coded and counted.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'
import { absorptionRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

let rig: Rig
const readers: Reader[] = []
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.socket.close()
  await rig.gateway.stop()
})

interface Message {
  asset: string
  sequence: number
  standing?: boolean
  kinds?: string[]
  rows: { id: string; kind: string; state?: string }[]
}

async function open(): Promise<Reader> {
  const reader = await Reader.open(rig.ws)
  readers.push(reader)
  return reader
}

function heard(reader: Reader): Message[] {
  return reader.texts.filter(({ op }) => op === 'reports') as unknown as Message[]
}

async function subscribe(reader: Reader, more: object = {}): Promise<void> {
  const before = heard(reader).length
  reader.send({ op: 'subscribe', channel: 'reports', asset: 'BTC', ...more })
  await until('the first message', () => heard(reader).length > before)
}

function tell(...rows: Report[]): void {
  for (const row of rows) rig.gateway.report(row)
  rig.gateway.flush()
}

async function refused(reader: Reader, message: object): Promise<unknown> {
  const before = reader.errors.length
  reader.send(message)
  await until('a refusal', () => reader.errors.length > before)
  return reader.errors.at(-1)!.code
}

test.each([1, 2])('what stands, then rows as they are told, beside the map, by %i threads', async (gateways) => {
  const feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
  rig = await startGateway({
    gateways,
    activate: (_, __, on) => {
      if (on) feed.key()
      rig.gateway.flush()
    },
  })
  tell(wallRow(), sweepRow())
  const reader = await open()
  await subscribe(reader)
  expect(heard(reader)[0]).toMatchObject({ asset: 'BTC', sequence: 0, standing: true })
  expect(heard(reader)[0]!.rows.map(({ kind }) => kind)).toEqual(['wall', 'sweep'])
  await reader.subscribe('BTC', '1m')
  feed.delta()
  tell(wallRow({ atMs: START_MS + 9_000, state: 'filled' }), absorptionRow())
  await until('the rows', () => heard(reader).length === 2)
  await until('the delta', () => reader.map('0/0').clockMs === feed.clockMs)
  expect(heard(reader)[1]).toMatchObject({ sequence: 1, rows: [{ state: 'filled' }, { kind: 'absorption' }] })
  reader.send({ op: 'resync', channel: 'reports', asset: 'BTC' })
  await until('a new first message', () => heard(reader).length === 3)
  expect(heard(reader)[2]).toMatchObject({ sequence: 1, standing: true })
  reader.send({ op: 'unsubscribe', channel: 'reports', asset: 'BTC' })
  // A refusal comes after everything that was due before it.
  expect(await refused(reader, { op: 'resync', channel: 'reports', asset: 'BTC' })).toBe('LMAP_REQUEST_INVALID')
  tell(sweepRow({ id: 'unheard' }))
  await subscribe(reader, { asset: 'eth' })
  expect(
    heard(reader)
      .flatMap(({ rows }) => rows)
      .some(({ id }) => id === 'unheard'),
  ).toBe(false)
})

test('only the kinds that were asked for; another subscribe changes them', async () => {
  rig = await startGateway()
  tell(wallRow(), sweepRow())
  const reader = await open()
  await subscribe(reader, { kinds: ['sweep'] })
  expect(heard(reader)[0]).toMatchObject({ kinds: ['sweep'], rows: [{ kind: 'sweep' }] })
  tell(wallRow({ id: 'w2' }))
  tell(sweepRow({ id: 's2' }), wallRow({ id: 'w3' }))
  await until('the sweep', () => heard(reader).length === 2)
  expect(heard(reader)[1]!.rows.map(({ id }) => id)).toEqual(['s2'])
  await subscribe(reader, { kinds: ['wall', 'absorption'] })
  expect(heard(reader)[2]!.rows.map(({ kind }) => kind)).toEqual(['wall', 'wall', 'wall'])
})

test.each([
  [{ op: 'subscribe', channel: 'reports' }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'subscribe', channel: 'reports', asset: 'NOPE' }, 'LMAP_REQUEST_UNKNOWN'],
  [{ op: 'subscribe', channel: 'rumours', asset: 'BTC' }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'subscribe', channel: 'reports', asset: 'BTC', kinds: [] }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'subscribe', channel: 'reports', asset: 'BTC', kinds: ['walls'] }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'subscribe', channel: 'reports', asset: 'BTC', timeframe: '1m' }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'resync', channel: 'reports', asset: 'BTC' }, 'LMAP_REQUEST_INVALID'],
  [{ op: 'ack', channel: 'reports', sequence: [] }, 'LMAP_REQUEST_INVALID'],
])('%j is refused', async (message, code) => {
  rig = await startGateway()
  expect(await refused(await open(), message)).toBe(code)
})

test('what was stored comes first, and a store that is away does not keep newcomers waiting', async () => {
  const sources = {
    liquidity: async () => undefined,
    model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
    scores: async () => [],
    at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
    extent: async () => undefined,
    ask: undefined,
  }
  rig = await startGateway({
    readings: {
      ...sources,
      reports: async ({ kind, assets: [asset] }) => {
        if (asset === 1) throw new Error('the store is away')
        return { rows: kind === 'wall' ? [wallRow({ id: 'past', state: 'pulled' })] : [], next: undefined }
      },
    },
  })
  tell(wallRow({ id: 'now' }), sweepRow({ asset: 1 as AssetId }))
  const reader = await open()
  await subscribe(reader)
  expect(heard(reader)[0]!.rows.map(({ id }) => id)).toEqual(['past', 'now'])
  await subscribe(reader, { asset: 'ETH' })
  expect(heard(reader)[1]).toMatchObject({ asset: 'ETH', rows: [{ kind: 'sweep' }] })
})

test.each([1, 2])('a client that has missed rows begins anew, by %i threads', async (gateways) => {
  // What the kernel takes for a socket that is not read comes to some megabytes before anything waits with us.
  rig = await startGateway({ gateways, limits: { clientQueueBytesMax: 1 << 18, clientSweepMs: 20 } })
  const reader = await open()
  await subscribe(reader)
  const rows = Array.from({ length: 300 }, (_, index) => sweepRow({ id: `sweep-${index}-${'x'.repeat(500)}` }))
  for (let turn = 0; turn < 80; turn++) tell(...rows.map((row) => sweepRow({ ...row, atMs: row.atMs + turn })))
  tell(wallRow({ id: 'last' }))
  await until('the newest wall', () => heard(reader).some((message) => message.rows.some(({ id }) => id === 'last')))
  const messages = heard(reader)
  for (const [index, { standing, sequence }] of messages.entries()) {
    if (standing !== true) expect(sequence).toBe(messages[index - 1]!.sequence + 1)
  }
  expect(messages.filter(({ standing }) => standing).length).toBeGreaterThan(1)
})

test('kinds and assets are those of the plan', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-report-plans-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const plan = {
    assets: ['BTC'],
    timeframes: ['1m'],
    modes: ['raw'],
    reports: ['walls'],
    columns: 40,
    api: true,
    requestsPerMinute: 5,
    connections: 9,
    streams: 1,
  }
  const plans = { some: plan, none: { ...plan, reports: [] }, pro: { ...plan, assets: 'all', reports: 'all' } }
  writeFileSync(join(folder, 'plans.json'), JSON.stringify({ plans, anonymous: 'some' }))
  rig = await startGateway({ plans: join(folder, 'plans.json') })
  tell(wallRow(), sweepRow())
  const reader = await open()
  await subscribe(reader)
  expect(heard(reader)[0]).toMatchObject({ kinds: ['wall'], rows: [{ kind: 'wall' }] })
  const base = { op: 'subscribe', channel: 'reports', asset: 'BTC' }
  for (const message of [
    { ...base, kinds: ['wall', 'sweep'] },
    { ...base, asset: 'ETH' },
  ]) {
    expect(await refused(reader, message)).toBe('LMAP_PLAN')
    expect(reader.errors.at(-1)!.message).toContain('Plan pro does')
  }
  expect(await refused(reader, { op: 'subscribe', asset: 'BTC', timeframe: '1m' })).toBe('LMAP_LIMIT')
})
