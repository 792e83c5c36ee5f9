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

/** First word of their names. */
export const REPORT_TOPICS = 'reports'

/** There is one opening of a topic of reports. */
export const WHOLE = 0

/** Name of the topic of those who get the kinds of `mask`. */
export function reportTopic(asset: number, mask: number): string {
  return `${REPORT_TOPICS}/${asset}/${mask}`
}

export function readReportTopic(topic: string): ReportTopic {
  const [word, ...numbers] = topic.split('/')
  const [asset = -1, mask = -1] = numbers.map(Number)
  assert(word === REPORT_TOPICS, 'the topic is one of reports')
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
