// Guards the command line: what can be asked for, what comes out without a flag, and that every mistake is told in one
// sentence with the code LMAP_CONFIG.
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { describeError } from '../src/model/errors.ts'
import { textOf } from './source-files.ts'

const read = (...argv: string[]) => readConfig(argv, '1.2.3')!

function refusal(...argv: string[]): string {
  try {
    readConfig(argv, '1.2.3')
  } catch (error) {
    return describeError(error)
  }
  return 'accepted'
}

const before = { ...process.env }
afterEach(() => {
  process.env = { ...before }
})

describe('flags', () => {
  test('none: the simulated market, kept in ./data/simulator, page on this machine only', () => {
    expect(read()).toMatchObject({
      source: 'simulator',
      speed: 1,
      rate: 20_000,
      host: '127.0.0.1',
      port: 8080,
      data: resolve('data', 'simulator'),
      store: { kind: 'embedded' },
      keep: false,
      gateways: 1,
      proxies: [],
      logLevel: 'info',
    })
    expect(read().workers).toBeGreaterThanOrEqual(1)
    expect(Object.isFrozen(read())).toBe(true)
  })

  test('an asset that is named twice is one asset', () => {
    expect(read('--assets', 'btc,ETH,BTC').assets).toEqual(['BTC', 'ETH'])
  })

  test('are read', () => {
    const argv =
      '--source replay --path a.lmap --assets btc,ETH --speed max --port 0 --host 0.0.0.0 --workers 3 --gateways 4 --keep'
    const more = '--kafka a:1,b:2 --topic t --data d --clickhouse http://c:8123 --record r.lmap --log-level warn'
    expect(read(...argv.split(' '), ...more.split(' '))).toMatchObject({
      source: 'replay',
      path: 'a.lmap',
      assets: ['BTC', 'ETH'],
      speed: 'max',
      port: 0,
      host: '0.0.0.0',
      workers: 3,
      gateways: 4,
      keep: true,
      kafka: ['a:1', 'b:2'],
      topic: 't',
      data: join(resolve('d'), 'replay'),
      store: { kind: 'server', url: 'http://c:8123' },
      record: 'r.lmap',
      logLevel: 'warn',
    })
    expect(
      read('--seed', '7', '--rate', '500', '--duration', '60', '--truth', 't.jsonl', '--speed', '2.5'),
    ).toMatchObject({
      seed: 7,
      rate: 500,
      durationSeconds: 60,
      truth: 't.jsonl',
      speed: 2.5,
    })
  })

  test('networks of proxies are read, an address is one of its own, and nobody believes everybody', () => {
    const named = '10.0.0.0/8,192.0.2.7, fd00::/8,::1'
    expect(read('--proxies', named).proxies).toEqual(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8', '::1/128'])
    for (const faulty of [
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'proxy',
      'fe80::1%lo',
      '1/8',
    ]) {
      expect(refusal('--proxies', faulty)).toMatch(/^LMAP_CONFIG: .* is no network, such as 10\.0\.0\.0\/8/)
    }
  })

  test('venues and their addresses are read', () => {
    const urls = 'bybit.socket=ws://127.0.0.1:1,bybit.rest=http://127.0.0.1:2'
    const config = read('--source', 'live', '--venues', 'okx,Bybit', '--venue-urls', urls)
    expect(config.venues).toEqual(['okx', 'bybit'])
    expect(config.venueUrls).toEqual({ bybit: { socket: 'ws://127.0.0.1:1', rest: 'http://127.0.0.1:2' } })
  })

  test('each source keeps its data apart, and --no-store keeps none', () => {
    expect(read('--source', 'replay', '--path', 'x').data).toBe(resolve('data', 'replay'))
    expect(read('--no-store').store).toEqual({ kind: 'none' })
  })

  test('come from the environment too, and the command line wins', () => {
    Object.assign(process.env, { LMAP_PORT: '81', LMAP_LOG_LEVEL: 'error', LMAP_NO_STORE: '1', LMAP_ASSETS: 'SOL' })
    expect(read()).toMatchObject({ port: 81, logLevel: 'error', store: { kind: 'none' }, assets: ['SOL'] })
    expect(read('--port', '82')).toMatchObject({ port: 82 })
    process.env.LMAP_PORT = 'many'
    expect(refusal()).toMatch(/^LMAP_CONFIG: .*LMAP_PORT/)
  })
})

describe('roles', () => {
  const place = ['--kafka', 'a:1', '--clickhouse', 'http://c:8123']

  test('are the first word; each listens where the others do not', () => {
    expect(read().role).toBe('all')
    expect(read('collect', ...place)).toMatchObject({ role: 'collect', port: 9101, source: 'simulator' })
    expect(read('process', ...place)).toMatchObject({
      role: 'process',
      port: 9102,
      group: 'lmap.process',
      partitions: 8,
    })
    expect(read('serve', ...place)).toMatchObject({ role: 'serve', port: 8080, frames: 'lmap.frames', keep: false })
  })

  test('process and serve are told which history; collect finds out', () => {
    const replayed = read('serve', ...place, '--source', 'replay-simulated')
    expect(replayed).toMatchObject({ source: 'replay', history: 'replay-simulated', path: undefined })
    expect(replayed.data).toBe(resolve('data', 'replay-simulated'))
    expect(read('collect', ...place, '--source', 'replay', '--path', 'x').history).toBeUndefined()
    expect(read('collect', '--kafka', 'a:1', '--no-store').store).toEqual({ kind: 'none' })
  })

  test.each([
    ['process', 'process needs Kafka. Name it with --kafka localhost:9092.'],
    ['serve --kafka a:1', 'serve needs a ClickHouse server. Name it with --clickhouse URL.'],
    ['collect --kafka a:1', 'Name it with --clickhouse URL, or add --no-store.'],
    ['collect --kafka a:1 --no-store --source replay', 'needs a recording.'],
    ['process --rate 5', "unknown option '--rate'"],
    ['serve --no-store', "unknown option '--no-store'"],
    ['collect collect', 'too many arguments'],
    ['all', 'too many arguments'],
    ['process --partitions 0', 'It must be a whole number from 1 to 65.'],
    ['process --source replay-live', 'Allowed choices are simulator, replay, replay-simulated, live.'],
  ])('%s', (argv, sentence) => {
    expect(refusal(...argv.split(' '))).toContain(sentence)
  })
})

describe('mistakes', () => {
  test.each([
    ['--colour red', "unknown option '--colour'"],
    ['--prot 80', "unknown option '--prot' (Did you mean --port?)."],
    ['go', 'too many arguments'],
    ['--port', 'argument missing'],
    ['--port 65536', 'It must be a whole number from 0 to 65535.'],
    ['--port 80.5', 'It must be a whole number'],
    ['--port -1', 'It must be a whole number'],
    ['--workers 0', 'It must be a whole number from 1 to 64.'],
    ['--gateways 65', 'It must be a whole number from 1 to 64.'],
    ['--rate many', 'It must be a whole number'],
    ['--seed -5', 'It must be a whole number'],
    ['--duration 0', 'It must be a whole number'],
    ['--speed 0', 'It must be a number above 0, or max.'],
    ['--speed fast', 'It must be a number above 0, or max.'],
    ['--speed Infinity', 'It must be a number above 0, or max.'],
    ['--assets BTC,NOPE', 'There is no asset NOPE.'],
    ['--assets BTC,', 'It must be a comma-separated list.'],
    ['--kafka ,', 'It must be a comma-separated list.'],
    ['--source tape', 'Allowed choices are simulator, replay, live.'],
    ['--log-level loud', 'Allowed choices are'],
    ['--venues bybit', '--venues and --venue-urls go with --source live. Add --source live.'],
    ['--source live --venues bybit,nyse', 'There is no venue nyse.'],
    ['--source live --venue-urls bybit=wss://x', 'It must be VENUE.socket=wss://HOST or VENUE.rest=https://HOST.'],
    ['--source live --venue-urls bybit.rest=wss://x', 'It must be VENUE.socket=wss://HOST'],
    ['--source replay', 'needs a recording. Name it with --path FILE.'],
    ['--path x', '--path goes with --source replay. Add --source replay.'],
    ['--clickhouse localhost:8123', '--clickhouse is not an address. It looks like http://localhost:8123.'],
  ])('%s', (argv, sentence) => {
    const line = refusal(...argv.split(' '))
    expect(line).toContain(sentence)
    expect(line).toMatch(/^LMAP_CONFIG: [^\n]+\.$/)
  })
})

test('the examples of --help name flags that there are', () => {
  const source = textOf('src/config.ts')
  const flags = new Set([...source.matchAll(/(?:option|new Option)\('(--[a-z-]+)/g)].map((match) => match[1]))
  const examples = /const EXAMPLES = `([^`]+)`/.exec(source)![1]!
  const used = [...examples.matchAll(/ (--[a-z][a-z-]*)/g)].map((match) => match[1])
  expect(flags.size).toBeGreaterThan(15)
  expect(used.filter((flag) => !flags.has(flag))).toEqual([])
})
