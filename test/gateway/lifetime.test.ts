// Guards start and stop: a busy port is a coded error, stop tells clients why, frees the port, may be called twice, and
// leaves nothing that keeps the process alive or the port open, not even where the start was not over yet.
import { execFile } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePort } from '../../ops/kafka/broker.ts'
import { createFront } from '../../src/gateway/front.ts'
import { frontMetrics } from '../../src/gateway/gateway-metrics.ts'
import { portToOpen } from '../../src/gateway/port.ts'
import { limits } from '../../src/model/limits.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { Feed } from './feed.ts'
import { makeGateway, Reader, startGateway, until } from './rig.ts'

test('a port held by another gateway is LMAP_PORT_BUSY with a way out', async () => {
  const port = await freePort()
  const rig = await startGateway({ port })
  await expect(startGateway({ port })).rejects.toMatchObject({
    code: 'LMAP_PORT_BUSY',
    message: expect.stringContaining(String(port)),
    hint: expect.stringContaining('--port'),
  })
  expect((await fetch(`${rig.http}/healthz`)).status).toBe(200)
  await rig.gateway.stop()
})

test('a port held by a stranger is LMAP_PORT_BUSY too', async () => {
  const stranger = createServer()
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const { port } = stranger.address() as AddressInfo
  await expect(startGateway({ port })).rejects.toMatchObject({ code: 'LMAP_PORT_BUSY' })
  stranger.close()
})

test('a host that is not ours is a coded error', async () => {
  await expect(startGateway({ host: '192.0.2.1', port: 8_000 })).rejects.toMatchObject({ code: 'LMAP_CONFIG' })
})

test('stop closes every client with 4000, frees the port and may be called twice', async () => {
  // Not port 0, where sockets are made without the flags that let a port be used again.
  const port = await freePort()
  const rig = await startGateway({ port })
  const readers = await Promise.all(Array.from({ length: 5 }, () => Reader.open(rig.ws)))
  await readers[0]!.subscribe('BTC', '1m')
  await Promise.all([rig.gateway.stop(), rig.gateway.stop()])
  await until('the closes', () => readers.every((reader) => reader.closeCode !== undefined))
  expect(readers.map((reader) => reader.closeCode)).toEqual(Array(5).fill(4000))
  expect(rig.activations).toEqual(['0/0 on', '0/0 off'])
  expect(rig.gateway.port).toBe(0)
  const next = await startGateway({ port })
  expect(next.gateway.port).toBe(port)
  await next.gateway.stop()
})

test('blocks before the start and after the stop are no error', async () => {
  const rig = await startGateway()
  await rig.gateway.stop()
  const feed = new Feed(0, 0, 1, (live) => rig.gateway.block(live))
  feed.key()
  feed.delta()
  feed.close()
  rig.gateway.flush()
  await rig.gateway.stop()
})

test('a process whose gateway has stopped ends by itself', async () => {
  const rigPath = fileURLToPath(new URL('./rig.ts', import.meta.url))
  const program = `
    const { startGateway, Reader } = await import(${JSON.stringify(rigPath)})
    const rig = await startGateway()
    const reader = await Reader.open(rig.ws)
    await reader.subscribe('BTC', '1m')
    await rig.gateway.stop()
    console.log('stopped')
  `
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 10_000 })
  expect((await run).stdout).toBe('stopped\n')
})

test('a front that is stopped while it opens its sockets keeps none of them', async () => {
  for (let turns = 0; turns < 40; turns++) {
    const port = await freePort()
    const front = createFront({
      host: '127.0.0.1',
      proxies: [],
      limits,
      metrics: frontMetrics(createMetrics({ process: false })),
      supply: { acquire: () => undefined, release: () => undefined, want: () => undefined },
      now: Date.now,
      hello: () => new Uint8Array(),
      plans: undefined,
      answer: () => Promise.reject(new Error('nobody asks')),
      enter: () => undefined,
      leave: () => undefined,
    })
    const started = front.start(port)
    // Each socket is a turn of its own.
    for (let turn = 0; turn < turns; turn++) await undefined
    await Promise.all([front.stop(), started])
    expect(front.port).toBe(0)
    await portToOpen('127.0.0.1', port)
  }
})

test.each([1, 2])('a gateway of %i threads that is stopped while it starts ends in order', async (gateways) => {
  for (const turns of [0, 1, 4, 16, 64]) {
    const port = await freePort()
    const { gateway, log } = makeGateway({ port, gateways })
    const started = gateway.start()
    for (let turn = 0; turn < turns; turn++) await setImmediate()
    await Promise.all([gateway.stop(), started])
    expect(gateway.port).toBe(0)
    await portToOpen('127.0.0.1', port)
    expect(log.filter((line) => line.includes('started anew'))).toEqual([])
  }
})
