import { type LiftCount, liftsOf, liftWords } from '../model/lift.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { flagsOf, modelStates } from '../model/model-states.ts'
import { type ReadFacts, readOf } from '../model/read.ts'
import { exactPrice, reportFacts } from '../model/report-facts.ts'
import { type ConvergenceRow, standsAt } from '../model/reports.ts'
import { scoreInterval, scoreText } from '../model/score.ts'
import type { ModelStatus } from '../model/stages.ts'
import { magnetsFacts, standoutsOf } from './clusters.ts'
import type { MapMoment } from './map-json.ts'

export interface ReadSources {
  /** The live 1m stream, with the columns that clusters are found in. */
  readonly moment: MapMoment
  readonly liquidity: AssetLiquidity | undefined
  /** Convergences that are known, ended ones among them. */
  readonly rows: readonly ConvergenceRow[]
  /** Of all assets: one has too few trials to say anything. */
  readonly lifts: readonly LiftCount[]
  readonly model: ModelStatus
}

/** The read of one asset as plain data for JSON, see docs/http.md. */
export function readJson({ moment, liquidity, rows, lifts: counts, model }: ReadSources): ReadFacts {
  const standouts = standoutsOf(moment, liquidity)
  const clockMs = liquidity?.clockMs ?? moment.clockMs
  const price = standouts?.price ?? liquidity?.price ?? 0
  const convergences = rows.filter((row) => standsAt(row, clockMs))
  const lifts = counts.length === 0 ? [] : liftsOf(counts)
  const asymmetry = liquidity?.asymmetry
  const magnets = standouts?.magnets ?? { above: undefined, below: undefined }
  const { label, reasons } = readOf({ price, asymmetry, convergences, magnets, modelState: model.state, lifts })
  return {
    asset: moment.asset,
    simulated: moment.simulated,
    source: moment.source,
    clockMs,
    price: price > 0 ? exactPrice(price) : null,
    label,
    reasons,
    asymmetry:
      asymmetry === undefined ? null : { ...asymmetry, book: part(asymmetry.book), walls: part(asymmetry.walls) },
    magnets: magnetsFacts(standouts),
    convergences: convergences.map(reportFacts),
    model: { id: model.id, state: modelStates[model.state] ?? modelStates[0] },
    score: { text: scoreText(model), interval: scoreInterval(model) ?? null },
    lacks: flagsOf(model.flags ?? 0),
    lift: lifts.filter(({ side }) => side === 'both').map((lift) => ({ kind: lift.kind, words: liftWords(lift) })),
  }
}

function part(value: number): number {
  const digits = 3
  return Number(value.toPrecision(digits))
}
