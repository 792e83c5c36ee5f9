import { ASSETS } from '../model/assets.ts'
import { assert } from '../model/errors.ts'
import { type ReportKind, reportKinds } from '../model/reports.ts'
import type { AssetId } from '../model/units.ts'

/** Some kinds of the reports of an asset: what one topic carries. */
export interface ReportTopic {
  readonly asset: AssetId
  /** Kinds, bit by position in reportKinds. */
  readonly mask: number
}

export const ALL_KINDS: number = 2 ** reportKinds.length - 1

/** Name of the topic of those who get the kinds of `mask`. */
export function reportTopic(asset: number, mask: number): string {
  return `reports/${asset}/${mask}`
}

/** What a topic's name says; undefined where it is none of reports. */
export function readReportTopic(topic: string): ReportTopic | undefined {
  const [word, ...numbers] = topic.split('/')
  if (word !== 'reports') return undefined
  const [asset = -1, mask = -1] = numbers.map(Number)
  assert(asset >= 0 && asset < ASSETS && mask > 0 && mask <= ALL_KINDS, 'topics of reports are named by reportTopic')
  return { asset: asset as AssetId, mask }
}

export function kindsOf(mask: number): ReportKind[] {
  return reportKinds.filter((_, bit) => (mask & (1 << bit)) !== 0)
}

export function maskOfKinds(kinds: Iterable<ReportKind>): number {
  let mask = 0
  for (const kind of kinds) mask |= 1 << reportKinds.indexOf(kind)
  return mask
}
