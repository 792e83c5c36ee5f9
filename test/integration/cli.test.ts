// Guards the command as users meet it: every failure is one line with a code and what to do, a run that ends tells what it
// did, Ctrl-C stops in order and in time, and the next start goes on where the last one ended.
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BATCH_HEADER_BYTES, RECORD_BYTES } from '../../src/model/events.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import {
  addressOf,
  type Command,
  endCommands,
  expectRefusal,
  newFolder,
  removeFolders,
  runMain,
  startMain,
  summaryOf,
} from './command.ts'
import { changeRecording } from './damage.ts'

const simulator = ['--assets', 'BTC,ETH', '--rate', '1000', '--port', '0']
const replay = ['--source', 'replay', '--speed', 'max', '--port', '0', '--no-store', '--path']

afterEach(endCommands)
afterAll(removeFolders)

describe('what cannot be done is told in one line', () => {
  test('a wrong flag', async () => {
    expectRefusal(await runMain(['--prot', '8080']), 'LMAP_CONFIG', /--prot.*--help/)
  })

  test('a wrong value in the environment', async () => {
    expectRefusal(await runMain([], { LMAP_PORT: 'eighty' }), 'LMAP_CONFIG', /LMAP_PORT/)
  })

  test('a recording that is not there', async () => {
    expectRefusal(
      await runMain([...replay, join(newFolder(), 'gone.lmap')]),
      'LMAP_FILE_UNREADABLE',
      /gone\.lmap.*--path/,
    )
  })

  test('a file that is no recording', async () => {
    const path = join(newFolder(), 'notes.txt')
    writeFileSync(path, 'buy low\nsell high\n')
    expectRefusal(await runMain([...replay, path]), 'LMAP_FILE_FORMAT', /notes\.txt.*Known are/)
  })

  test('a file that exists already is not recorded over', async () => {
    const path = join(newFolder(), 'mine.lmap')
    writeFileSync(path, 'precious')
    const ended = await runMain([...simulator, '--no-store', '--record', path])
    expectRefusal(ended, 'LMAP_FILE_UNWRITABLE', /exists already.*new name/)
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  test('a busy port', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    try {
      const ended = await runMain([...simulator, '--no-store', '--port', String(port)])
      expectRefusal(ended, 'LMAP_PORT_BUSY', new RegExp(`${port}.*--port`))
    } finally {
      server.close()
    }
  })

  test('a data folder that cannot be', async () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    expectRefusal(await runMain([...simulator, '--data', join(file, 'data')]), 'LMAP_DATA_FOLDER', /--data/)
  })

  test('a data folder in use', async () => {
    const data = newFolder()
    const first = startMain([...simulator, '--data', data])
    await addressOf(first)
    expectRefusal(await runMain([...simulator, '--data', data]), 'LMAP_DATA_IN_USE', /in use by process \d+.*--data/)
    first.signal('SIGTERM')
    expect((await first.ended).code).toBe(0)
  })

  test('no Kafka broker', async () => {
    const ended = await runMain([...simulator, '--no-store', '--kafka', '127.0.0.1:1'])
    expectRefusal(ended, 'LMAP_KAFKA_DOWN', /127\.0\.0\.1:1.*npm run kafka/)
  })

  test('no ClickHouse server', async () => {
    const ended = await runMain([...simulator, '--clickhouse', 'http://name:secret@127.0.0.1:1'])
    expectRefusal(ended, 'LMAP_STORE_DOWN', /127\.0\.0\.1:1/)
    expect(ended.stdout + ended.stderr).not.toContain('secret')
  })
})

describe('recordings', () => {
  let recording: string
  let made: Record<string, number>

  beforeAll(async () => {
    recording = join(newFolder(), 'market.lmap')
    const args = ['--no-store', '--duration', '120', '--speed', 'max', '--record', recording]
    const ended = await runMain([...simulator, ...args])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    made = summaryOf(ended)
  })

  test('play to the same counts', async () => {
    const ended = await runMain([...replay, recording])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const counts = summaryOf(ended)
    expect(counts).toEqual(made)
    expect(counts.levels).toBeGreaterThan(100_000)
    expect(counts.columns).toBeGreaterThanOrEqual(2)
    expect(counts).toMatchObject({ gaps: 0, rejected: 0, corrupt: 0 })
  })

  test('of a simulated market are simulated: on the page, in the banner, in a folder of their own', async () => {
    const data = newFolder()
    const command = startMain([
      '--source',
      'replay',
      '--path',
      recording,
      '--speed',
      'max',
      '--keep',
      '--port',
      '0',
      '--data',
      data,
    ])
    const address = await addressOf(command)
    expect(await (await fetch(`${address}/api/v1/assets`)).json()).toMatchObject({ source: 'replay', simulated: true })
    await command.said(/source +SIMULATED, replay of/)
    expect(readdirSync(data)).toEqual(['replay-simulated'])
    command.signal('SIGINT')
    expect((await command.ended).code).toBe(0)
  })

  test('that break off are played up to the break, and told', async () => {
    const cut = join(newFolder(), 'cut.lmap')
    copyFileSync(recording, cut)
    truncateSync(cut, Math.floor(readFileSync(recording).byteLength / 2))
    expectRefusal(
      await runMain([...replay, cut]),
      'LMAP_FILE_TRUNCATED',
      /cut\.lmap breaks off.*before it was replayed/,
    )
  })

  test('with a corrupt batch: it is counted and skipped, the rest is as without it', async () => {
    const folder = newFolder()
    const [corrupt, without] = [join(folder, 'corrupt.lmap'), join(folder, 'without.lmap')]
    const victim = 1_000
    let records = 0
    changeRecording(recording, without, (batches) => batches.toSpliced(victim, 1))
    changeRecording(recording, corrupt, (batches) => {
      const bad = batches[victim]!.slice()
      records = (bad.byteLength - BATCH_HEADER_BYTES) / RECORD_BYTES
      // The kind of its first record.
      bad[BATCH_HEADER_BYTES] = 99
      return batches.with(victim, bad)
    })
    const ended = await runMain([...replay, corrupt])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain('"code":"LMAP_BATCH_CORRUPT"')
    const expected = summaryOf(await runMain([...replay, without]))
    // The source has sent the batch, nobody has used it.
    expect(summaryOf(ended)).toEqual({ ...expected, events: expected.events! + records, corrupt: 1 })
    // A batch that cannot even be told from its neighbours costs no more than itself.
    for (const [name, damage] of Object.entries(headerDamages)) {
      const broken = join(folder, `${name}.lmap`)
      changeRecording(recording, broken, (batches) => batches.with(victim, damage(batches[victim]!.slice())))
      const { events, rejected, corrupt: counted, ...rest } = summaryOf(await runMain([...replay, broken]))
      expect(rest, name).toEqual(expect.objectContaining({ levels: expected.levels, columns: expected.columns }))
      expect(rejected! + counted!, name).toBeGreaterThan(0)
      expect(events, name).toBeGreaterThanOrEqual(expected.events!)
    }
  })
})

const headerDamages = {
  magic: (batch: Uint8Array) => batch.with(0, 0),
  count: (batch: Uint8Array) => batch.with(6, 255).with(7, 255),
} satisfies Record<string, (batch: Uint8Array) => Uint8Array>

const usdm = 'recordings/hftbacktest/usdm_btcusdt_20240808.gz'
const real = requirement('a real recording', sharedMissing(usdm))
describe.skipIf(real.skip)(real.title, () => {
  test('plays at once and ends with a summary', async () => {
    const frames = gunzipSync(readFileSync(sharedPath(usdm))).toString()
    const ended = await runMain([...replay, sharedPath(usdm)])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(summaryOf(ended)).toMatchObject({
      trades: frames.match(/"e":"trade"/g)!.length,
      liquidations: 0,
      gaps: 0,
      rejected: 0,
      corrupt: 0,
      // It begins at 23:54 and ends just after midnight: six minutes, two of 5m, and one of each other timeframe.
      columns: 6 + 2 + 4,
    })
  })
})

interface MapColumn {
  openMs: number
  open: number
  close: number
  isLive: boolean
}

async function columnsAt(address: string): Promise<MapColumn[]> {
  const answer = await fetch(`${address}/api/v1/map?asset=BTC&timeframe=1m&columns=100&layers=longLiq`)
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { columns: MapColumn[] }).columns
}

describe('Ctrl-C', () => {
  // In order says that no stage was left behind at its deadline; the clock itself is told, for other tests run beside this one.
  test('stops all 65 assets in order, each stage in its time', async () => {
    const command = startMain(['--port', '0', '--data', newFolder()])
    const address = await addressOf(command)
    await expect.poll(async () => (await fetch(`${address}/readyz`)).status, { timeout: 15_000 }).toBe(200)
    const begun = performance.now()
    command.signal('SIGINT')
    const ended = await command.ended
    process.stderr.write(`cli: stopped after ${Math.round(performance.now() - begun)} ms\n`)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/\nStopped in order\.\n$/)
    expect(ended.stdout).not.toContain('"level":"warn"')
  })

  test('and a new start: the history goes on', async () => {
    const args = [...simulator, '--speed', '20', '--data', newFolder()]
    const minutes = async (command: Command, count: number): Promise<MapColumn[]> => {
      const address = await addressOf(command)
      const enough = expect.poll(async () => (await columnsAt(address)).length, { timeout: 30_000 })
      await command.during(enough.toBeGreaterThan(count))
      return columnsAt(address)
    }
    const first = startMain(args)
    const before = await minutes(first, 2)
    first.signal('SIGINT')
    expect((await first.ended).code).toBe(0)

    const second = startMain(args)
    const after = await minutes(second, before.length + 1)
    const closedBefore = before.filter((column) => !column.isLive)
    expect(after.slice(0, closedBefore.length)).toEqual(closedBefore)
    const gaps = after.slice(1).map((column, i) => column.openMs - after[i]!.openMs)
    expect(
      gaps.every((ms) => ms === 60_000),
      `gaps of ${gaps} ms`,
    ).toBe(true)
    const last = closedBefore.at(-1)!.close
    for (const { open, close } of after.slice(closedBefore.length)) {
      expect(Math.abs(open / last - 1)).toBeLessThan(0.02)
      expect(Math.abs(close / last - 1)).toBeLessThan(0.02)
    }
    second.signal('SIGINT')
    expect(await second.ended).toMatchObject({ code: 0, stderr: '' })
  })
})
