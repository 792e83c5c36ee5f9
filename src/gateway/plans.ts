import { z } from 'zod'
import { assetByName, assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { layers } from '../model/layers.ts'
import { limits } from '../model/limits.ts'
import { modes } from '../model/modes.ts'
import type { ReportKind } from '../model/reports.ts'
import { COLUMNS, timeframeId, timeframes } from '../model/timeframes.ts'
import { ALL_LAYERS } from '../wire/keep-layers.ts'
import { opensOf, type PlanOpens } from './plan-opens.ts'

export const planReports = [
  'walls',
  'sweeps',
  'absorptions',
  'convergence',
  'clusters',
  'score',
  'read',
  'lift',
] as const
export type PlanReport = (typeof planReports)[number]

/** What a plan calls the reports of a kind. */
export const planWords: Readonly<Record<ReportKind, PlanReport>> = {
  wall: 'walls',
  sweep: 'sweeps',
  absorption: 'absorptions',
  convergence: 'convergence',
}

/** What a holder of a key may have. Sets are complete: "all" is written out. */
export interface PlanSets {
  readonly name: string
  readonly assets: ReadonlySet<number> | 'all'
  readonly timeframes: ReadonlySet<number>
  readonly modes: ReadonlySet<string>
  readonly reports: ReadonlySet<string>
  /** Columns of a map, the live one included. */
  readonly columns: number
  /** Whether the HTTP API answers. */
  readonly api: boolean
  /** Whether alert rules can be tested and saved. */
  readonly alerts: boolean
  readonly requestsPerMinute: number
  /** Connections at a time, and streams on each. */
  readonly connections: number
  readonly streams: number
}

export interface Plan extends PlanSets {
  /** Where to get the rest. */
  readonly opens: PlanOpens
}

export interface KeyEntry {
  readonly name: string
  /** SHA-256 of the key: keys are random and long, so there is nothing to guess from it. */
  readonly hash: Buffer
  readonly plan: Plan
  readonly expiresMs: number
}

export interface TokenRule {
  readonly algorithm: 'EdDSA' | 'ES256' | 'RS256'
  /** SPKI, PEM. */
  readonly publicKey: string
  readonly issuer: string
  readonly audience: string
  /** Subjects whose tokens are not taken any more. */
  readonly revoked: ReadonlySet<string>
}

export interface Plans {
  /** In the order of the file: the first that allows something is the one a refusal names. */
  readonly plans: ReadonlyMap<string, Plan>
  readonly anonymous: Plan | undefined
  readonly keys: readonly KeyEntry[]
  readonly tokens: TokenRule | undefined
}

const all = z.literal('all')
const planSchema = z.strictObject({
  assets: z.union([all, z.array(z.string())]),
  timeframes: z.union([all, z.array(z.string())]),
  modes: z.union([all, z.array(z.enum(modes))]),
  reports: z.union([all, z.array(z.enum(planReports))]),
  columns: z.int().min(1).max(COLUMNS),
  api: z.boolean(),
  alerts: z.boolean().default(false),
  requestsPerMinute: z.int().min(1),
  connections: z.int().min(1),
  streams: z.int().min(1).max(limits.clientStreamsMax),
})
const fileSchema = z.strictObject({
  plans: z.record(z.string(), planSchema),
  anonymous: z.string().optional(),
  keys: z
    .array(
      z.strictObject({
        name: z.string(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not the SHA-256 of a key as 64 hexadecimal digits'),
        plan: z.string(),
        expires: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .default([]),
  tokens: z
    .strictObject({
      algorithm: z.enum(['EdDSA', 'ES256', 'RS256']),
      publicKey: z.string(),
      issuer: z.string(),
      audience: z.string(),
      revoked: z.array(z.string()).default([]),
    })
    .optional(),
})

/** Reads a plans file, see docs/plans.md; throws LMAP_CONFIG with the place of the first mistake. */
export function readPlans(text: string): Plans {
  const file = parse(text)
  const sets = Object.entries(file.plans).map(([name, plan]) => planOf(name, plan))
  const plans = new Map(sets.map((plan) => [plan.name, { ...plan, opens: opensOf(plan, sets, planReports) }]))
  const planNamed = (name: string, place: string): Plan => {
    const plan = plans.get(name)
    if (plan === undefined) throw fault(`${place}: there is no plan ${JSON.stringify(name)}`)
    return plan
  }
  return {
    plans,
    anonymous: file.anonymous === undefined ? undefined : planNamed(file.anonymous, 'anonymous'),
    keys: file.keys.map(({ name, sha256, plan, expires }, index) => ({
      name,
      hash: Buffer.from(sha256, 'hex'),
      plan: planNamed(plan, `keys.${index}`),
      expiresMs: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
    })),
    tokens: file.tokens && { ...file.tokens, revoked: new Set(file.tokens.revoked) },
  }
}

function parse(text: string): z.infer<typeof fileSchema> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw fault('it is not JSON', cause)
  }
  const parsed = fileSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw fault(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`)
}

function planOf(name: string, file: z.infer<typeof planSchema>): PlanSets {
  const ids = (list: readonly string[], idOf: (word: string) => number | undefined, what: string) =>
    new Set(
      list.map((word) => {
        const id = idOf(word)
        if (id === undefined || id < 0) throw fault(`plans.${name}.${what}: there is no ${JSON.stringify(word)}`)
        return id
      }),
    )
  return {
    ...file,
    name,
    assets: file.assets === 'all' ? 'all' : ids(file.assets, (word) => assetByName(word)?.id, 'assets'),
    timeframes: ids(
      file.timeframes === 'all' ? timeframes.map((timeframe) => timeframe.name) : file.timeframes,
      timeframeId,
      'timeframes',
    ),
    modes: new Set(file.modes === 'all' ? modes : file.modes),
    reports: new Set(file.reports === 'all' ? planReports : file.reports),
  }
}

/** A plan in words, for its holders; two plans of one text allow the same. */
export function planText(plan: Plan): string {
  return JSON.stringify({
    ...plan,
    assets: plan.assets === 'all' ? assets.map(({ name }) => name) : [...plan.assets].map((id) => assets[id]!.name),
    timeframes: [...plan.timeframes].map((id) => timeframes[id]!.name),
    modes: [...plan.modes],
    reports: [...plan.reports],
    // JSON has no infinity: null stands for it.
    historyMs: reachMs(plan),
  })
}

/** How far back a plan's reports go: as far as its columns do in the longest of its timeframes. */
export function reachMs({ columns, timeframes: own }: Plan): number {
  if (columns === COLUMNS) return Number.POSITIVE_INFINITY
  return columns * Math.max(0, ...[...own].map((id) => timeframes[id]!.ms))
}

/** Layers that a plan's modes need, bit by id; depth belongs to every mode. */
export function layerMask({ modes: read }: Plan): number {
  const kinds = new Set<string>(['depth'])
  if (read.has('raw') || read.has('hybrid')) kinds.add('realised')
  if (read.has('synthetic') || read.has('heatmap') || read.has('hybrid')) kinds.add('predicted')
  return layers.reduce((mask, { kind }, id) => (kinds.has(kind) ? mask | (1 << id) : mask), 0) & ALL_LAYERS
}

/** Whether a plan has any of the layers that are modelled. */
export function hasPredicted(plan: Plan): boolean {
  const mask = layerMask(plan)
  return layers.some(({ kind }, id) => kind === 'predicted' && (mask & (1 << id)) !== 0)
}

function fault(what: string, cause?: unknown): LmapError {
  return new LmapError('LMAP_CONFIG', `the plans file cannot be used: ${what}.`, {
    hint: 'docs/plans.md describes it.',
    cause,
  })
}
