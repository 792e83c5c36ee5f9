import { type ErrorCode, errorCodes } from '../model/errors.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import { reportKinds } from '../model/reports.ts'
import { FRAME_VERSION } from '../wire/frame.ts'

/** 4500-4999 are terminal; every other end of a connection is worth another try. */
export function isTerminal(code: number): boolean {
  return code >= 4500 && code <= 4999
}

/** Ids on the wire are positions in these lists. */
export interface Hello {
  readonly version: number
  readonly server: string
  readonly source: string
  readonly assets: readonly string[]
  readonly timeframes: readonly string[]
  readonly layers: readonly string[]
  readonly venues: readonly string[]
  /** What the key allows; undefined where everybody may have everything. */
  readonly plan: PlanFacts | undefined
}

/** A plan with its sets written out, see docs/plans.md. */
export interface PlanFacts {
  readonly name: string
  readonly assets: readonly string[]
  readonly timeframes: readonly string[]
  readonly modes: readonly string[]
  readonly reports: readonly string[]
  readonly columns: number
  /** How far back its reports go; infinity where there is no bound. */
  readonly historyMs: number
  /** Whether the HTTP API answers. */
  readonly api: boolean
  /** For what it does not have: a plan that has it, by set and name. */
  readonly opens: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>>
  /** A plan with a longer history. */
  readonly opensColumns: string | undefined
}

/** A message of the stream of reports, see docs/wire.md, "Reports". */
export interface ReportMessage {
  readonly asset: string
  readonly sequence: number
  /** The asset's clock, Unix ms. */
  readonly clockMs: number
  /** A first message: all that stands, and what was last over. */
  readonly standing: boolean
  /** Of a first message: every row that was told after this is in it. */
  readonly sinceMs: number
  readonly rows: readonly ReportFacts[]
}

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  /** The stream that the refused request was about, where it was about one. */
  readonly asset: string | undefined
  readonly timeframe: string | undefined
  /** `reports` where the request was about those of the asset. */
  readonly channel: string | undefined
}

export type ServerMessage =
  | { readonly hello: Hello }
  | { readonly refusal: Refusal }
  | { readonly reports: ReportMessage }
  | { readonly fault: string }

/** Reads a control message of the server. What it cannot be is a fault, told in words. */
export function readServerMessage(text: string): ServerMessage {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return { fault: 'the server sent text that is not JSON' }
  }
  if (!isRecord(message)) return { fault: 'the server sent a message that is not an object' }
  if (message.op === 'hello') return readHello(message)
  if (message.op === 'reports') return readReports(message)
  if (message.op === 'error') return { refusal: readRefusal(message) }
  return { fault: `the server sent the unknown message ${String(message.op)}` }
}

function readHello(message: Record<string, unknown>): ServerMessage {
  if (message.version !== FRAME_VERSION) {
    return { fault: `the server speaks version ${String(message.version)}, this client ${FRAME_VERSION}` }
  }
  const assets = namesOf(message.assets)
  const timeframes = namesOf(message.timeframes)
  const layers = namesOf(message.layers)
  const venues = namesOf(message.venues)
  if (!assets || !timeframes || !layers || !venues) return { fault: 'the hello of the server is incomplete' }
  const server = String(message.server)
  return {
    hello: {
      version: FRAME_VERSION,
      server,
      source: String(message.source),
      assets,
      timeframes,
      layers,
      venues,
      plan: planOf(message.plan),
    },
  }
}

function planOf(plan: unknown): PlanFacts | undefined {
  if (!isRecord(plan)) return undefined
  const words = (list: unknown) => namesOf(list) ?? []
  return {
    name: String(plan.name),
    assets: words(plan.assets),
    timeframes: words(plan.timeframes),
    modes: words(plan.modes),
    reports: words(plan.reports),
    columns: Number(plan.columns),
    historyMs: typeof plan.historyMs === 'number' ? plan.historyMs : Number.POSITIVE_INFINITY,
    api: plan.api !== false,
    ...opensOf(plan.opens),
  }
}

function opensOf(opens: unknown): Pick<PlanFacts, 'opens' | 'opensColumns'> {
  if (!isRecord(opens)) return { opens: {}, opensColumns: undefined }
  const sets = Object.entries(opens).flatMap(([set, names]) =>
    isRecord(names)
      ? [[set, Object.fromEntries(Object.entries(names).map(([name, plan]) => [name, String(plan)]))]]
      : [],
  )
  return {
    opens: Object.fromEntries(sets),
    opensColumns: typeof opens.columns === 'string' ? opens.columns : undefined,
  }
}

/** Entries are names, or objects with a name among other facts. */
function namesOf(list: unknown): string[] | undefined {
  if (!Array.isArray(list)) return undefined
  const names = list.map((entry: unknown) => (isRecord(entry) ? entry.name : entry))
  return names.every((name) => typeof name === 'string') ? names : undefined
}

function readReports(message: Record<string, unknown>): ServerMessage {
  const { asset, sequence, clockMs, sinceMs = 0, rows } = message
  const isWhole =
    typeof asset === 'string' &&
    typeof sequence === 'number' &&
    typeof clockMs === 'number' &&
    typeof sinceMs === 'number' &&
    Array.isArray(rows)
  if (!isWhole || !rows.every(isReport)) return { fault: 'the server sent reports that are incomplete' }
  return { reports: { asset, sequence, clockMs, standing: message.standing === true, sinceMs, rows } }
}

/** What every user of a row relies on; other fields are as the server has them. */
export function isReport(row: unknown): row is ReportFacts {
  return (
    isRecord(row) &&
    reportKinds.some((kind) => kind === row.kind) &&
    typeof row.id === 'string' &&
    typeof row.asset === 'string' &&
    typeof row.startMs === 'number' &&
    typeof row.atMs === 'number' &&
    typeof row.price === 'number' &&
    typeof row.usd === 'number'
  )
}

function readRefusal(message: Record<string, unknown>): Refusal {
  const request = isRecord(message.request) ? message.request : {}
  return {
    code: errorCodes.find((code) => code === message.code) ?? 'LMAP_INTERNAL',
    message: String(message.message),
    asset: typeof request.asset === 'string' ? request.asset : undefined,
    timeframe: typeof request.timeframe === 'string' ? request.timeframe : undefined,
    channel: typeof request.channel === 'string' ? request.channel : undefined,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
