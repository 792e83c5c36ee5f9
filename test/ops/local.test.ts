// Guards what npm run cluster, outage and faults stand on: programs whose end and words are known, a front that sends clients
// only to gateways that are ready, markets that are cut without losing or doubling a batch, chances that a seed decides.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { chanceOf } from '../../ops/local/chance.ts'
import { differences } from '../../ops/local/digest.ts'
import { Front } from '../../ops/local/front.ts'
import { recordMarket } from '../../ops/local/market.ts'
import { type ProgramOptions, startProgram } from '../../ops/local/program.ts'
import { describeError } from '../../src/model/errors.ts'
import { openRecording } from '../../src/venues/recording/reader.ts'
import { projectRoot } from '../source-files.ts'
import { seed, temporaryFolder } from '../store/samples.ts'

/** A script beside the tests' own, as the programs are scripts of this project. */
function program(text: string, options: Partial<ProgramOptions> = {}): ProgramOptions {
  const folder = mkdtempSync(join(projectRoot, 'build', 'test-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'program.mjs')
  writeFileSync(script, text)
  return { name: 'test', script, args: [], ready: /^ready at (\S+)$/, ...options }
}

const stays = "console.log('ready at here'); setInterval(() => undefined, 1000)"

test('a program is ready when it says so, tells its lines, and stops in order or at once', async () => {
  const lines: string[] = []
  const first = await startProgram(program(stays, { line: (line) => lines.push(line) }))
  expect([first.address, first.isRunning, lines]).toEqual(['here', true, ['ready at here']])
  expect(await first.stop()).toEqual({ code: null, signal: 'SIGTERM' })
  expect(first.isRunning).toBe(false)
  const second = await startProgram(program(`process.on('SIGTERM', () => process.exit(3)); ${stays}`))
  expect(await second.stop()).toEqual({ code: 3, signal: null })
  const third = await startProgram(program(`process.on('SIGTERM', () => undefined); ${stays}`))
  expect(await third.kill()).toEqual({ code: null, signal: 'SIGKILL' })
  await expect(third.said(/never/, 1_000)).rejects.toThrow('has ended (SIGKILL)')
})

test('one that ends or is silent instead fails with its own reason', async () => {
  const failing = program("console.error('LMAP_PORT_BUSY: port 1 is in use.'); process.exit(1)")
  expect(describeError(await startProgram(failing).catch((error: unknown) => error))).toMatch(
    /test has ended \(code 1\): LMAP_PORT_BUSY: port 1 is in use\./,
  )
  const silent = program('setInterval(() => undefined, 1000)', { readyMsMax: 300 })
  expect(describeError(await startProgram(silent).catch((error: unknown) => error))).toMatch(/has not said .* 300 ms/)
})

test('settings of the surroundings do not reach a program', async () => {
  process.env.LMAP_PORT = '1'
  onTestFinished(() => {
    delete process.env.LMAP_PORT
  })
  const asks = `console.log('ready at ' + process.env.LMAP_PORT + process.env.LMAP_OWN); ${stays}`
  const started = await startProgram(program(asks, { env: { LMAP_OWN: '2' } }))
  expect(started.address).toBe('undefined2')
  await started.kill()
})

async function gateway(name: string): Promise<{ server: Server; port: number; state: { ready: boolean } }> {
  const state = { ready: true }
  const server = createServer((request, response) => {
    if (request.url === '/readyz') response.writeHead(state.ready ? 200 : 503).end()
    else response.end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, state }
}

test('the front sends clients to those who are ready, and to nobody where none is', async () => {
  const [a, b] = [await gateway('a'), await gateway('b')]
  const front = await Front.open({ port: 0, backends: [a.port, b.port] })
  onTestFinished(() => front.close())
  const ask = () =>
    fetch(front.url, { headers: { connection: 'close' } }).then(
      (response) => response.text(),
      () => 'nobody',
    )
  const several = async () => new Set(await Promise.all(Array.from({ length: 8 }, ask)))
  await expect.poll(several).toEqual(new Set(['a', 'b']))
  a.state.ready = false
  await expect.poll(several, { timeout: 5_000 }).toEqual(new Set(['b']))
  b.server.closeAllConnections()
  b.server.close()
  await expect.poll(several, { timeout: 5_000 }).toEqual(new Set(['nobody']))
  a.state.ready = true
  await expect.poll(several, { timeout: 5_000 }).toEqual(new Set(['a']))
  await expect(Front.open({ port: Number(new URL(front.url).port), backends: [] })).rejects.toMatchObject({
    code: 'LMAP_PORT_BUSY',
  })
})

test(`a market is cut into parts that are the whole again (seed ${seed})`, async () => {
  const folder = temporaryFolder()
  const chosen = ['--assets', 'BTC,ETH']
  const market = await recordMarket({ seed, rate: 500, chosen, parts: 3, partSeconds: 20, folder })
  const bytesOf = async (path: string): Promise<Buffer> => {
    const { blocks } = await openRecording(path)
    const all: Uint8Array[] = []
    for await (const block of blocks()) all.push(block.slice())
    return Buffer.concat(all)
  }
  const parts = await Promise.all(market.parts.map(bytesOf))
  const wholes = await Promise.all(market.wholes.map(bytesOf))
  expect(Math.min(...parts.map((part) => part.length))).toBeGreaterThan(1_000)
  for (const [at, whole] of wholes.entries()) expect(Buffer.concat(parts.slice(0, at + 1)).equals(whole)).toBe(true)
  expect(wholes[2]!.equals(await bytesOf(join(folder, 'market.lmap')))).toBe(true)
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
}, 120_000)

test('chances are those of their seed, and differences are told by table', () => {
  const draw = (from: number) => Array.from({ length: 100 }, chanceOf(from))
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true)
  const one = { walls: { rows: 2, hash: 'A' }, sweeps: { rows: 1, hash: 'B' } }
  expect(differences(one, one)).toEqual([])
  expect(differences(one, { walls: { rows: 2, hash: 'C' } })).toEqual([
    'walls: 2 rows, but not the same ones',
    'sweeps: 0 rows instead of 1',
  ])
})
