import { z } from 'zod'
import { alertKinds, alertWords } from '../model/alert-rules.ts'
import { limits } from '../model/limits.ts'
import { venues } from '../model/venues.ts'

/* Alert rules in the description of the API; their readers are src/model/alert-json.ts and src/alerts/. */

const kind = z.enum(alertKinds)
const words = (list: readonly string[]) => z.enum([...new Set(list)])
const unit = z.number().min(0).max(1)
const Rule = z.looseObject({
  name: z.string().max(limits.alertNameCharsMax),
  kind,
  assets: z.array(z.string()).min(1).optional(),
  usdMin: z.number().min(0).optional(),
  distancePercentMax: z.number().min(0).optional(),
  sides: z.array(words(alertKinds.flatMap((one) => alertWords[one].sides))).optional(),
  states: z.array(words(alertKinds.flatMap((one) => alertWords[one].states))).optional(),
  scoreMin: unit.optional(),
  spoofMax: unit.optional(),
  venues: z.array(z.enum(venues.map(({ name }) => name))).optional(),
  cooldownSeconds: z.number().min(0).optional(),
})
const change = z.looseObject({ n: z.int(), median: z.number().nullable(), up: z.number().nullable() })
const hold = z.looseObject({ n: z.int(), held: z.int(), broken: z.int(), unreached: z.int(), rate: unit.nullable() })
const Backtest = z.looseObject({
  fromMs: z.number(),
  toMs: z.number(),
  cut: z.string().nullable(),
  firings: z.int(),
  days: z.array(z.looseObject({ day: z.string(), firings: z.int() })),
  last: z.array(
    z.looseObject({
      id: z.string(),
      kind,
      asset: z.string(),
      atMs: z.number(),
      changes: z.array(z.number().nullable()),
    }),
  ),
  after: z.array(z.looseObject({ minutes: z.int(), rule: change, base: change })),
  hold: z.looseObject({ rule: hold, base: hold }),
  words: z.string(),
})
const Alert = z.looseObject({
  id: z.string(),
  origin: z.enum(['file', 'saved']),
  rule: Rule,
  webhook: z.looseObject({ url: z.string() }),
  savedMs: z.number().nullable(),
  backtest: Backtest.nullable(),
  fired: z.int(),
  firedMs: z.number().nullable(),
})

export const alertAnswers = {
  AlertRule: Rule,
  AlertBacktest: Backtest,
  Alert,
  Alerts: z.looseObject({ canSave: z.boolean(), hosts: z.array(z.string()), rules: z.array(Alert) }),
  AlertRemoved: z.looseObject({ removed: z.string() }),
}

type AlertAnswer = keyof typeof alertAnswers | 'Error'

const days = {
  name: 'days',
  in: 'query',
  required: false,
  description: 'Days of history to test the rule on.',
  schema: { type: 'integer', minimum: 1, maximum: limits.alertBacktestDaysMax, default: limits.alertBacktestDays },
}
const id = { name: 'id', in: 'query', required: true, description: 'Of a saved rule.', schema: { type: 'string' } }

/** Operations by path and method. */
export const alertPaths = {
  '/api/v1/alerts': {
    get: operation('Alert rules of who asks.', { 200: 'Alerts', 404: 'Error' }, []),
    post: withRule(operation('Saves a rule with its back-test.', { 201: 'Alert' }, [days]), true),
    delete: operation('Removes a saved rule.', { 200: 'AlertRemoved', 404: 'Error' }, [id]),
  },
  '/api/v1/alerts/preview': {
    post: withRule(operation('How often a rule would have fired.', { 200: 'AlertBacktest' }, [days]), false),
  },
}

function operation(summary: string, own: Record<number, AlertAnswer>, parameters: readonly object[]) {
  const statuses = { ...own, 400: 'Error', 401: 'Error', 403: 'Error', 429: 'Error', 503: 'Error' }
  const responses = Object.entries(statuses).map(([status, name]) => {
    const schema = { $ref: `#/components/schemas/${name}` }
    const description = name === 'Error' ? 'Refused, with a code.' : summary
    return [status, { description, content: { 'application/json': { schema } } }] as const
  })
  return { summary, parameters, responses: Object.fromEntries(responses) }
}

function withRule(of: ReturnType<typeof operation>, hasWebhook: boolean) {
  const webhook = { type: 'object', properties: { url: { type: 'string' }, secret: { type: 'string' } } }
  const rule = { $ref: '#/components/schemas/AlertRule' }
  const schema = hasWebhook ? { allOf: [rule, { required: ['webhook'], properties: { webhook } }] } : rule
  return { ...of, requestBody: { required: true, content: { 'application/json': { schema } } } }
}
