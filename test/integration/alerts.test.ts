// Guards the way of an alert through the whole program: a rules file named at the start is watched, what the core finds
// reaches a real receiver with a good signature, and flags or files that cannot be used stop the start in one line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { signatureOf } from '../../src/alerts/webhook-call.ts'
import { Receiver } from '../alerts/receiver.ts'
import { addressOf, endCommands, expectRefusal, newFolder, removeFolders, runMain, startMain } from './command.ts'

const SECRET = 'a-secret-of-24-characters'

afterEach(endCommands)
afterAll(removeFolders)

test('what the core finds reaches a receiver, signed', { timeout: 120_000 }, async () => {
  const receiver = new Receiver()
  await receiver.start()
  try {
    const folder = newFolder()
    const file = join(folder, 'rules.json')
    const webhook = { url: receiver.url, secret: SECRET }
    writeFileSync(file, JSON.stringify({ rules: [{ id: 'walls', name: 'Walls', kind: 'wall', webhook }] }))
    const args = ['--port', '0', '--data', folder, '--assets', 'BTC', '--rate', '500', '--speed', '20']
    const command = startMain([...args, '--alerts', file, '--webhook-hosts', receiver.host, '--webhook-private'])
    const address = await addressOf(command)
    await command.during(receiver.has(1))
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]]
    const [, seconds] = /^t=(\d+),/.exec(String(headers['lmap-signature'])) ?? []
    expect(headers['lmap-signature']).toBe(signatureOf(SECRET, Number(seconds), body))
    expect(JSON.parse(body)).toMatchObject({
      rule: { id: 'file-walls', name: 'Walls' },
      source: 'simulator',
      simulated: true,
      report: { kind: 'wall', asset: 'BTC', state: 'active' },
    })
    const listed = await (await fetch(`${address}/api/v1/alerts`)).json()
    expect(listed).toMatchObject({ canSave: true, rules: [{ id: 'file-walls', origin: 'file' }] })
    command.signal('SIGINT')
    expect((await command.ended).stdout).toMatch(/Stopped in order\./)
  } finally {
    await receiver.stop()
  }
})

test('rules and hosts that cannot be used stop the start', { timeout: 60_000 }, async () => {
  const folder = newFolder()
  const file = join(folder, 'rules.json')
  const start = (...args: string[]) => runMain(['--port', '0', '--data', folder, '--assets', 'BTC', ...args])
  expectRefusal(await start('--alerts', file), 'LMAP_CONFIG', /--alerts/)
  const webhook = { url: 'https://elsewhere.example/', secret: SECRET }
  writeFileSync(file, JSON.stringify({ rules: [{ id: 'walls', name: 'Walls', kind: 'wall', webhook }] }))
  const elsewhere = await start('--alerts', file, '--webhook-hosts', 'hooks.example.com')
  expectRefusal(elsewhere, 'LMAP_CONFIG', /rules\.0: elsewhere\.example is not among the hosts/)
  expectRefusal(await start('--webhook-hosts', 'https://hooks.example.com/path'), 'LMAP_CONFIG', /no host/)
})
