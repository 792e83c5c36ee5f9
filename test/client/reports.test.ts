// Guards reports in the SDK: rows come as they are told, each once with its last word; a gap is answered by a new first
// message; after a lost connection the client goes on and knows what it may have missed; memory is bounded.
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../ops/kafka/broker.ts'
import { type Connection, connect } from '../../src/client/connection.ts'
import { type ReportMessage, readServerMessage } from '../../src/client/control.ts'
import { type ReportChange, ReportStream } from '../../src/client/report-stream.ts'
import { limits } from '../../src/model/limits.ts'
import { reportFacts } from '../../src/model/report-facts.ts'
import type { Report } from '../../src/model/reports.ts'
import { type Rig, startGateway, until } from '../gateway/rig.ts'
import { absorptionRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'

let rig: Rig | undefined
let connection: Connection | undefined
afterEach(async () => {
  connection?.close()
  connection = undefined
  await rig?.gateway.stop()
  rig = undefined
})

function tell(...rows: Report[]): void {
  for (const row of rows) rig!.gateway.report(row)
  rig!.gateway.flush()
}

function follow(url: string): Connection {
  connection = connect({ url, now: Date.now, random: () => 0 })
  return connection
}

test('rows come as they are told, to callbacks and to loops alike', async () => {
  rig = await startGateway()
  tell(wallRow())
  const stream = follow(rig.ws).reports('btc')
  expect(connection!.reports('BTC')).toBe(stream)
  const changes: ReportChange[] = []
  stream.onChange((change) => changes.push(change))
  await until('the first message', () => stream.state === 'live')
  const loop = stream[Symbol.asyncIterator]()
  expect((await loop.next()).value).toEqual({ rows: [reportFacts(wallRow())], missed: undefined })
  const filled = wallRow({ state: 'filled', atMs: START_MS + 9_000 })
  tell(filled)
  tell(sweepRow(), absorptionRow())
  await until('both turns', () => stream.rows.size === 3)
  // A loop that was elsewhere gets both turns put together.
  expect((await loop.next()).value!.rows.map(({ kind }: { kind: string }) => kind)).toEqual([
    'wall',
    'sweep',
    'absorption',
  ])
  expect(stream.rows.get(filled.id)).toEqual(reportFacts(filled))
  expect(stream.standing().map(({ kind }) => kind)).toEqual(['absorption'])
  expect(changes.flatMap(({ rows }) => rows).length).toBe(4)
  expect(stream.clockMs).toBe(START_MS + 9_000)
  stream.close()
  expect(stream.state).toBe('live')
  stream.close()
  expect(stream.isClosed).toBe(true)
  expect((await loop.next()).done).toBe(true)
})

test('only the kinds that were asked for', async () => {
  rig = await startGateway()
  tell(wallRow(), sweepRow())
  const stream = follow(rig.ws).reports('BTC', ['sweep'])
  await until('the first message', () => stream.state === 'live')
  expect([...stream.rows.values()].map(({ kind }) => kind)).toEqual(['sweep'])
})

test('a refused subscription says why', async () => {
  rig = await startGateway()
  const stream = follow(rig.ws).reports('NOPE')
  await until('the refusal', () => stream.state === 'refused')
  expect(stream.refusal).toMatchObject({ code: 'LMAP_REQUEST_UNKNOWN', asset: 'NOPE', channel: 'reports' })
})

test('after a lost connection it goes on, without what has ended meanwhile, and says what it may have missed', async () => {
  const port = await freePort()
  rig = await startGateway({ port })
  tell(wallRow({ id: 'gone' }), wallRow({ id: 'stays' }))
  const stream = follow(rig.ws).reports('BTC')
  await until('the first message', () => stream.state === 'live')
  const changes: ReportChange[] = []
  stream.onChange((change) => changes.push(change))
  await rig.gateway.stop()
  await until('the loss to be noticed', () => stream.state === 'waiting')
  rig = await startGateway({ port })
  const later = START_MS + 60_000
  tell(wallRow({ id: 'stays', atMs: later }), sweepRow({ id: 'new', atMs: later }))
  await until('the new first message', () => stream.state === 'live')
  expect([...stream.rows.keys()].sort()).toEqual(['new', 'stays'])
  expect(changes.at(-1)!.missed).toEqual({ fromMs: START_MS + 5_000, toMs: later })
  expect(changes.at(-1)!.rows.map(({ id }) => id)).toEqual(['stays', 'new'])
})

describe('a stream by itself', () => {
  const facts = (...rows: Report[]) => rows.map(reportFacts)
  const message = (change: Partial<ReportMessage>): ReportMessage => ({
    asset: 'BTC',
    sequence: 1,
    clockMs: START_MS,
    standing: false,
    sinceMs: 0,
    rows: [],
    ...change,
  })
  const begin = (first: Partial<ReportMessage> = {}) => {
    const stream = new ReportStream('BTC', undefined, () => undefined)
    expect(stream.accept(message({ standing: true, sequence: 7, ...first }), 0)).toBe(true)
    return stream
  }

  test('asks for a first message after a gap, and takes nothing until it comes', () => {
    const stream = begin()
    expect(stream.accept(message({ sequence: 8 }), 0)).toBe(true)
    expect(stream.accept(message({ sequence: 10, rows: facts(wallRow()) }), 0)).toBe(false)
    expect([stream.state, stream.rows.size]).toEqual(['waiting', 0])
    expect(stream.accept(message({ sequence: 11 }), 0)).toBe(false)
    expect(stream.accept(message({ sequence: 11, standing: true, rows: facts(wallRow()) }), 0)).toBe(true)
    expect([stream.state, stream.rows.size]).toEqual(['live', 1])
  })

  test('sequences go on past 2^32', () => {
    const stream = begin({ sequence: 2 ** 32 - 1 })
    expect(stream.accept(message({ sequence: 0 }), 0)).toBe(true)
  })

  test('a first message that repeats what is known is no change', () => {
    const stream = begin({ rows: facts(wallRow(), sweepRow()) })
    const changes: ReportChange[] = []
    stream.onChange((change) => changes.push(change))
    stream.accept(message({ standing: true, sequence: 9, rows: facts(wallRow(), sweepRow()) }), 0)
    expect(changes).toEqual([{ rows: [], missed: undefined }])
  })

  test('is stale without a sign of life, and live with the next one', () => {
    const stream = begin()
    stream.check(limits.clientReportsSilentMs)
    expect(stream.state).toBe('live')
    stream.check(limits.clientReportsSilentMs + 1)
    expect(stream.state).toBe('stale')
    stream.accept(message({ sequence: 8 }), limits.clientReportsSilentMs + 2)
    expect(stream.state).toBe('live')
  })

  test('keeps all that stands and a bounded number of what is over', () => {
    const stream = begin({ rows: facts(wallRow()) })
    const count = limits.clientReportsMax + 50
    for (let index = 0; index < count; index++) {
      stream.accept(message({ sequence: 8 + index, rows: facts(sweepRow({ id: `sweep-${index}` })) }), 0)
    }
    expect(stream.rows.size).toBe(limits.clientReportsMax + 1)
    expect(stream.rows.has(wallRow().id)).toBe(true)
    expect(stream.rows.has('sweep-49')).toBe(false)
    expect(stream.rows.has('sweep-50')).toBe(true)
  })
})

test.each([
  ['{"op":"reports","asset":"BTC"}'],
  ['{"op":"reports","asset":"BTC","sequence":1,"clockMs":1,"rows":[null]}'],
  ['{"op":"reports","asset":"BTC","sequence":1,"clockMs":1,"rows":[{"kind":"rumour"}]}'],
  ['{"op":"reports","asset":1,"sequence":1,"clockMs":1,"rows":[]}'],
])('%s is no message of reports', (text) => {
  expect(readServerMessage(text)).toEqual({ fault: 'the server sent reports that are incomplete' })
})
