// Guards what watches the processes: Prometheus reads its configuration, its rules and the dashboard's questions, targets
// are services of docker-compose.yml, and no alert is without a word on what to do. Whether the metrics exist is asked of
// the real processes in test/integration/cluster.test.ts.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertRules, metricsIn, metricsOf, opsFile, panels, promqlFaults, queries } from './queries.ts'

const root = new URL('../../', import.meta.url)
const compose = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }) as {
  services: Record<string, { environment?: Record<string, string>; volumes?: string[]; ports?: string[] }>
  networks: Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } } | null>
}

test('every question is one by the grammar of Prometheus', () => {
  const all = queries()
  expect(all.length).toBeGreaterThan(40)
  expect(all.flatMap(({ of, expr }) => promqlFaults(expr).map((fault) => `${of}: ${fault}`))).toEqual([])
  expect(promqlFaults('sum(rate(up[5m])')).not.toEqual([])
  expect(metricsOf('rate(a_total{job="x"}[5m]) / on (b) c > absent(d == 1)')).toEqual(['a_total', 'c', 'd'])
  expect([...metricsIn('# HELP a Says.\n# TYPE a counter\na 1\n# TYPE b histogram\n')]).toEqual([
    ...['a', 'b', 'b_bucket', 'b_sum', 'b_count'],
  ])
})

test('alerts have names of their own, a severity, a word for people, and a part of the runbook', () => {
  const rules = alertRules()
  const names = rules.map(({ alert }) => alert)
  expect(new Set(names).size).toBe(names.length)
  const runbook = [...opsFile('runbook.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
  expect(runbook.toSorted()).toEqual(names.toSorted())
  for (const { alert, labels, annotations, for: lasting = '0s' } of rules) {
    expect(alert).toMatch(/^[A-Z][A-Za-z]+$/)
    expect(labels.severity, alert).toMatch(/^(page|ticket)$/)
    expect(annotations.summary.length, alert).toBeGreaterThan(20)
    expect(lasting, alert).toMatch(/^\d+[sm]$/)
  }
})

test('what is scraped is there, by name and port', () => {
  const { rule_files, scrape_configs } = parse(opsFile('prometheus/prometheus.yml')) as {
    rule_files: string[]
    scrape_configs: {
      job_name: string
      static_configs?: { targets: string[] }[]
      dns_sd_configs?: { names: string[]; port: number }[]
    }[]
  }
  expect(rule_files).toEqual(['alerts.yml'])
  const targets = scrape_configs.flatMap(({ static_configs = [], dns_sd_configs = [] }) => [
    ...static_configs.flatMap((one) => one.targets),
    ...dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
  ])
  expect(targets).toHaveLength(5)
  for (const target of targets.filter((one) => !one.startsWith('localhost:'))) {
    const [service = '', port] = target.split(':')
    expect(compose.services[service]?.environment?.LMAP_PORT, target).toBe(port)
  }
  // The jobs that alerts and panels name are those that are scraped.
  const jobs = new Set(scrape_configs.map(({ job_name }) => job_name))
  for (const { of, expr } of queries()) {
    for (const [, named] of expr.matchAll(/job=~?"([^"]+)"/g)) {
      for (const job of named!.split('|')) expect(jobs, of).toContain(job)
    }
  }
})

test('the front sends clients to the gateways, and to nobody who is not ready', () => {
  const front = opsFile('haproxy/haproxy.cfg')
  const servers = [...front.matchAll(/^ +server (\S+) (\S+):(\d+)$/gm)].map(([, name, host, port]) => ({
    name,
    host,
    port,
  }))
  expect(servers.map(({ name }) => name)).toEqual(['gateway-1', 'gateway-2'])
  for (const { name, host, port } of servers) {
    expect(host).toBe(name)
    expect(compose.services[host!]?.environment?.LMAP_PORT).toBe(port)
  }
  // A gateway answers no HTTP/1.0.
  expect(front).toMatch(/http-check send meth GET uri \/readyz ver HTTP\/1\.1 hdr Host \w+$/m)
  expect(front).toMatch(/deny if \{ path \/metrics \}/)
  // Who a client is they learn from the front, and believe nobody outside of the network that it shares with them.
  expect(front).toMatch(/^ +option forwardfor$/m)
  expect(compose.networks.inside?.internal).toBe(true)
  for (const { name } of servers) {
    expect(compose.services[name!]?.environment?.LMAP_PROXIES).toBe(compose.networks.inside?.ipam?.config[0]?.subnet)
  }
})

test('Grafana finds its source and its dashboard, whose panels do not lie over each other', () => {
  const { datasources } = parse(opsFile('grafana/provisioning/datasources/prometheus.yml')) as {
    datasources: { uid: string; url: string }[]
  }
  expect(datasources).toMatchObject([{ uid: 'prometheus', url: 'http://prometheus:9090' }])
  const { providers } = parse(opsFile('grafana/provisioning/dashboards/dashboards.yml')) as {
    providers: { options: { path: string } }[]
  }
  const { path } = providers[0]!.options
  expect(compose.services.grafana?.volumes).toContain(`./ops/grafana/dashboards:${path}:ro`)
  const shown = panels()
  for (const { type, title, datasource, targets } of shown.filter((panel) => panel.type !== 'row')) {
    expect(['timeseries', 'stat'], title).toContain(type)
    expect(datasource?.uid, title).toBe('prometheus')
    expect(targets?.length, title).toBeGreaterThan(0)
  }
  const taken = new Set<string>()
  for (const { title, gridPos } of shown) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x},${y}`), title).toBe(false)
        expect(x).toBeLessThan(24)
        taken.add(`${x},${y}`)
      }
    }
  }
})
