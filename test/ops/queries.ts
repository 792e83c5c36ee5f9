import { readFileSync } from 'node:fs'
import { parser } from '@prometheus-io/lezer-promql'
import { parse } from 'yaml'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}

export interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string }[]
}

export interface Query {
  /** Alert or panel. */
  readonly of: string
  readonly expr: string
}

const root = new URL('../../', import.meta.url)
export const opsFile = (name: string): string => readFileSync(new URL(`ops/${name}`, root), 'utf8')

export function alertRules(): AlertRule[] {
  const { groups } = parse(opsFile('prometheus/alerts.yml')) as { groups: { rules: AlertRule[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

export function panels(): Panel[] {
  return (JSON.parse(opsFile('grafana/dashboards/liquidity-map.json')) as { panels: Panel[] }).panels
}

/** Every question to Prometheus in the files of ops/. */
export function queries(): Query[] {
  return [
    ...alertRules().map(({ alert, expr }) => ({ of: alert, expr })),
    ...panels().flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
  ]
}

/** Where Prometheus's own grammar finds no sense; empty where it is a query. */
export function promqlFaults(expr: string): string[] {
  const faults: string[] = []
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(`at ${from}: "${expr.slice(from, Math.max(to, from + 10))}"`)
    },
  })
  return faults
}

/** Metrics that a query reads, with the labels it needs of each. */
export function metricsOf(expr: string): string[] {
  const names: string[] = []
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name !== 'VectorSelector') return
      const identifier = node.getChild('Identifier')
      if (identifier !== null) names.push(expr.slice(identifier.from, identifier.to))
    },
  })
  return names
}

/** Metrics that a page of Prometheus text declares, histograms by the names of their parts too. */
export function metricsIn(text: string): Set<string> {
  const names = new Set<string>()
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
    names.add(name!)
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`)
  }
  return names
}
