import { z } from 'zod'
import { absorptionStates, convergenceKinds, wallStates } from '../model/reports.ts'
import { venues } from '../model/venues.ts'

/* Rows of reports as checked by the tests and as told to clients, see docs/http.md, "Report rows". */

const venue = z.enum(venues.map(({ name }) => name))
const basis = {
  id: z.string(),
  asset: z.string(),
  startMs: z.number(),
  atMs: z.number(),
  bucket: z.int(),
  price: z.number(),
  usd: z.number(),
}

const wall = z.looseObject({
  kind: z.literal('wall'),
  ...basis,
  side: z.enum(['bid', 'ask']),
  state: z.enum(wallStates),
  venue,
  venues: z.array(z.looseObject({ name: venue, usd: z.number() })),
  peakUsd: z.number(),
  executedUsd: z.number(),
  density: z.number(),
  strength: z.number(),
  spoof: z.number(),
  secondsToEat: z.number().nullable(),
  distanceBp: z.number(),
  pulls: z.int(),
  movedBuckets: z.int(),
  coveredBuckets: z.int(),
})

const sweep = z.looseObject({
  kind: z.literal('sweep'),
  ...basis,
  side: z.enum(['buy', 'sell']),
  venue,
  endMs: z.number(),
  firstPrice: z.number(),
  levels: z.int(),
  displacementBp: z.number(),
  magnitude: z.number(),
  depthPart: z.number(),
  liquidationDriven: z.boolean(),
  liquidationUsd: z.number(),
  clusterMs: z.number(),
  clusterCount: z.int(),
})

const absorption = z.looseObject({
  kind: z.literal('absorption'),
  ...basis,
  side: z.enum(['bid', 'ask']),
  state: z.enum(absorptionStates),
  venue,
  efficiency: z.number(),
  executedToShown: z.number(),
  refills: z.int(),
  wall: z.boolean(),
  long: z.boolean(),
  holdMs: z.number(),
  netUsd: z.number(),
  lean: z.number(),
})

export const convergence = z.looseObject({
  kind: z.literal('convergence'),
  ...basis,
  side: z.enum(['support', 'resistance']),
  state: z.enum(convergenceKinds),
  wall: z.boolean(),
  sweep: z.boolean(),
  absorption: z.boolean(),
  liquidations: z.boolean(),
  venues: z.array(z.looseObject({ name: venue })),
  score: z.number(),
})

/** Pages by the name that the description gives them. */
export const reportAnswers = {
  Walls: pageOf('wall', wall),
  Sweeps: pageOf('sweep', sweep),
  Absorptions: pageOf('absorption', absorption),
  Convergences: pageOf('convergence', convergence),
} as const

function pageOf<Kind extends string, Row extends z.ZodType>(kind: Kind, row: Row) {
  return z.looseObject({
    kind: z.literal(kind),
    from: z.number(),
    to: z.number().nullable(),
    rows: z.array(row),
    next: z.string().nullable(),
  })
}
