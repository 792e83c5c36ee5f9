import { z } from 'zod'
import { errorCodes } from '../model/errors.ts'
import { layers } from '../model/layers.ts'
import { liftKinds, liftSides } from '../model/lift.ts'
import { limits } from '../model/limits.ts'
import { modelStates } from '../model/model-states.ts'
import { modes } from '../model/modes.ts'
import { readLabels } from '../model/read.ts'
import type { ReportKind } from '../model/reports.ts'
import { COLUMNS, timeframes } from '../model/timeframes.ts'
import { venueStates } from '../model/venues.ts'
import { ranges } from '../wire/keep-range.ts'
import { alertAnswers, alertPaths } from './openapi-alerts.ts'
import { reportPaths, reportSides, reportStates } from './report-request.ts'
import { convergence, reportAnswers } from './report-schemas.ts'

/** Bodies of the answers, as checked by the tests and as told to clients. Objects may grow fields; those here stay. */
const timeframeName = z.enum(timeframes.map(({ name }) => name))
const layerName = z.enum(layers.map(({ name }) => name))
const model = z.looseObject({ id: z.int(), state: z.enum(modelStates) })
const cells = z.looseObject({ buckets: z.array(z.int()), usd: z.array(z.number()) })
const column = z.looseObject({
  openMs: z.number(),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volumeUsd: z.number(),
  step: z.number(),
  baseBucket: z.int(),
  quantumUsd: z.number(),
  observedMs: z.number(),
  isLive: z.boolean(),
  layers: z.partialRecord(layerName, cells),
})
const streamHead = {
  asset: z.string(),
  timeframe: timeframeName,
  timeframeMs: z.number(),
  simulated: z.boolean(),
  source: z.string(),
  clockMs: z.number(),
  model,
}
const tally = { n: z.int(), held: z.int(), broken: z.int() }
const magnet = z.looseObject({ low: z.number(), high: z.number(), usd: z.number() }).nullable()

export const answers = {
  Error: z.looseObject({
    error: z.looseObject({ code: z.enum(errorCodes), message: z.string(), hint: z.string().optional() }),
  }),
  Alive: z.looseObject({ alive: z.literal(true) }),
  Ready: z.looseObject({ ready: z.boolean(), reason: z.string().optional(), stages: z.looseObject({}) }),
  Assets: z.looseObject({
    version: z.string(),
    source: z.string(),
    simulated: z.boolean(),
    columns: z.int(),
    buckets: z.int(),
    quantumRatio: z.number(),
    timeframes: z.array(z.looseObject({ name: timeframeName, ms: z.number() })),
    layers: z.array(z.looseObject({ name: layerName, kind: z.string(), side: z.string() })),
    venues: z.array(z.looseObject({ name: z.string(), label: z.string() })),
    venueStates: z.array(z.enum(venueStates)),
    modelStates: z.array(z.enum(modelStates)),
    assets: z.array(z.looseObject({ id: z.int(), name: z.string(), quantumUsd: z.number(), gridTick: z.number() })),
  }),
  Map: z.looseObject({ ...streamHead, columns: z.array(column) }),
  Clusters: z.looseObject({
    ...streamHead,
    price: z.number().nullable(),
    clusters: z.array(z.looseObject({ kind: z.string(), side: z.string(), low: z.number(), high: z.number() })),
    magnets: z.looseObject({ above: magnet, below: magnet }),
  }),
  Score: z.looseObject({
    asset: z.string(),
    model,
    lacks: z.array(z.string()),
    text: z.string(),
    agreement: z.looseObject({ hours: z.number(), rankCorrelation: z.number().nullable() }),
    hours: z.number(),
    hoursNeeded: z.number(),
    history: z.array(z.looseObject({ hourMs: z.number() })),
  }),
  ...reportAnswers,
  Read: z.looseObject({
    asset: z.string(),
    simulated: z.boolean(),
    source: z.string(),
    clockMs: z.number(),
    price: z.number().nullable(),
    label: z.enum(readLabels),
    reasons: z.array(z.string()),
    asymmetry: z
      .looseObject({
        book: z.number(),
        walls: z.number(),
        agreeing: z.int(),
        venues: z.int(),
        side: z.enum(['bid', 'ask', 'balanced']),
      })
      .nullable(),
    magnets: z.looseObject({ above: magnet, below: magnet }),
    convergences: z.array(convergence),
    model,
    score: z.looseObject({ text: z.string(), interval: z.array(z.number()).nullable() }),
    lacks: z.array(z.string()),
    lift: z.array(z.looseObject({ kind: z.enum(liftKinds), words: z.string() })),
  }),
  Lift: z.looseObject({
    asset: z.string().nullable(),
    lifts: z.array(
      z.looseObject({
        kind: z.enum(liftKinds),
        side: z.enum([...liftSides, 'both']),
        ...tally,
        controls: z.looseObject(tally),
        heldRate: z.number().nullable(),
        controlRate: z.number().nullable(),
        difference: z.number().nullable(),
        interval: z.array(z.number()).nullable(),
        worth: z.number(),
        isConvincing: z.boolean(),
        words: z.string(),
      }),
    ),
  }),
  History: z.looseObject({
    asset: z.string(),
    timeframe: timeframeName,
    kept: z.boolean(),
    firstMs: z.number().nullable(),
    endMs: z.number().nullable(),
  }),
  ...alertAnswers,
} as const

type AnswerName = keyof typeof answers

const asset = parameter('asset', { type: 'string' }, 'A name such as BTC, any case.', true)
const timeframe = parameter(
  'timeframe',
  { enum: timeframes.map(({ name }) => name), default: '1m' },
  'One of the timeframes.',
)
const columns = parameter(
  'columns',
  { type: 'integer', minimum: 1, maximum: COLUMNS },
  'Newest columns, the live one included.',
)
const chosen = parameter('layers', { type: 'string' }, 'Names separated by commas.')
const mode = parameter('mode', { enum: [...modes] }, 'How to read the columns.')
const range = parameter('range', { enum: [...ranges] }, 'Percent of price to either side; all where it is missing.')
const at = parameter('at', { type: 'string' }, 'The map as known then: Unix milliseconds or ISO 8601 with its zone.')
const hours = parameter('hours', { type: 'integer', minimum: 1 }, 'Scored hours to list.')
const sql = [
  parameter('query', { type: 'string' }, 'One SELECT.', true),
  parameter('format', { type: 'string' }, 'Format of the answer.'),
]

/** The description of the HTTP API, OpenAPI 3.1. */
export function openApiText(version: string): string {
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'liquidity-map', version, description: 'See docs/http.md; the live stream is in docs/wire.md.' },
    security: [{}, { key: [] }],
    paths: {
      '/healthz': path('Whether the process answers.', { 200: 'Alive' }),
      '/readyz': path('Whether there is something to show.', { 200: 'Ready', 503: 'Ready' }),
      '/api/v1/assets': path('Assets, instruments, timeframes, layers, venues.', { 200: 'Assets' }),
      '/api/v1/map': withFrame(
        path('Columns of one asset and timeframe.', reading('Map'), [
          asset,
          timeframe,
          columns,
          chosen,
          mode,
          range,
          at,
        ]),
      ),
      '/api/v1/clusters': path('What stands out of the map.', reading('Clusters'), [asset, timeframe]),
      '/api/v1/read': path('One word for what stands at levels now, with its reasons.', reading('Read'), [asset]),
      '/api/v1/score': path('What the forecast is worth.', reading('Score'), [asset, hours]),
      '/api/v1/history': path('How far back the history of a map goes.', reading('History'), [asset, timeframe]),
      '/api/v1/reports/lift': path(
        'How often levels held that reports spoke of, against levels without.',
        reading('Lift'),
        [parameter('asset', { type: 'string' }, 'A name; all assets together where it is missing.')],
      ),
      ...Object.fromEntries(
        Object.entries(reportPaths).map(([at, kind]) => [
          at,
          path(`Reports: each ${kind}, the newest first.`, reading(answerOfKind[kind]), reports(kind)),
        ]),
      ),
      ...alertPaths,
      '/api/v1/sql': path(
        'The history by SQL, where the server was started with --sql.',
        refusals({ 404: 'Error' }),
        sql,
      ),
    },
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(
        Object.entries(answers).map(([name, schema]) => {
          const { $schema: _dialect, ...body } = z.toJSONSchema(schema)
          return [name, body]
        }),
      ),
    },
  })
}

const answerOfKind: Readonly<Record<ReportKind, AnswerName>> = {
  wall: 'Walls',
  sweep: 'Sweeps',
  absorption: 'Absorptions',
  convergence: 'Convergences',
}

function reports(kind: ReportKind): object[] {
  const time = { type: 'string' }
  const states = { enum: [...reportStates[kind]] }
  return [
    parameter('asset', { type: 'string' }, 'Names separated by commas; all where it is missing.'),
    parameter('from', time, 'Last heard of at or after this: Unix milliseconds or ISO 8601 with its zone.'),
    parameter('to', time, 'Began before this.'),
    parameter('side', { enum: [...reportSides[kind]] }, 'One of the sides.'),
    ...(kind === 'sweep' ? [] : [parameter('state', { type: 'array', items: states }, 'Names separated by commas.')]),
    parameter('minUsd', { type: 'number', minimum: 0 }, 'At least so large.'),
    parameter('limit', { type: 'integer', minimum: 1, maximum: limits.reportRowsMax }, 'Rows of a page.'),
    parameter('cursor', { type: 'string' }, 'The `next` of the page before.'),
  ]
}

/** Answers with an ETag, which need not be sent again. */
function reading(name: AnswerName): Record<number, AnswerName | 'Unchanged'> {
  return { ...refusals({ 200: name }), 304: 'Unchanged' }
}

/** What any question about a stream may be answered with. */
function refusals(own: Record<number, AnswerName>): Record<number, AnswerName> {
  return { ...own, 400: 'Error', 401: 'Error', 403: 'Error', 429: 'Error', 503: 'Error' }
}

function path(summary: string, statuses: Record<number, AnswerName | 'Unchanged'>, parameters: object[] = []) {
  const responses = Object.entries(statuses).map(([status, name]) => {
    if (name === 'Unchanged')
      return [status, { description: 'What if-none-match names is still so.', content: {} }] as const
    const schema = { $ref: `#/components/schemas/${name}` }
    const content: Record<string, object> = { 'application/json': { schema } }
    return [status, { description: name === 'Error' ? 'Refused, with a code.' : summary, content }] as const
  })
  return { get: { summary, parameters, responses: Object.fromEntries(responses) } }
}

/** The map can also be had as a frame. */
function withFrame(map: ReturnType<typeof path>): ReturnType<typeof path> {
  map.get.responses['200']!.content['application/octet-stream'] = { schema: { type: 'string', format: 'binary' } }
  return map
}

function parameter(name: string, schema: object, description: string, required = false): object {
  const commas = 'items' in schema ? { style: 'form', explode: false } : {}
  return { name, in: 'query', required, description, schema, ...commas }
}
