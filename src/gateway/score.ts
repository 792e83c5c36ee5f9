import { flagsOf, modelStates } from '../model/model-states.ts'
import { rankCorrelation } from '../model/rank-correlation.ts'
import { SCORE_HOURS_MIN, scoreInterval, scoreText } from '../model/score.ts'
import type { ModelStatus, ScoreRow } from '../model/stages.ts'

/** The published score of one asset as plain data for JSON, see docs/http.md. */
export function scoreOf(asset: string, model: ModelStatus, history: readonly ScoreRow[]) {
  const interval = scoreInterval(model)
  return {
    asset,
    model: { id: model.id, state: modelStates[model.state] },
    lacks: flagsOf(model.flags ?? 0),
    text: scoreText(model),
    bits: {
      mean: model.hours > 0 && Number.isFinite(model.mean) ? model.mean : null,
      error: Number.isFinite(model.error) ? model.error : null,
      interval: interval ?? null,
    },
    // Kept from the first hour on, but nothing before the forecast is scored.
    where: model.hours > 0 ? (model.where ?? null) : null,
    agreement: agreementOf(history),
    hours: model.hours,
    hoursNeeded: SCORE_HOURS_MIN,
    history: history.map((hour) => ({
      hourMs: hour.hourMs,
      model: hour.model,
      state: modelStates[hour.state],
      bits: sides(hour.bits),
      predictedUsd: sides(hour.predicted),
      realisedUsd: sides(hour.realised),
    })),
  }
}

function sides([long, short]: readonly [number, number]): { long: number; short: number } {
  return { long, short }
}

/** What the hours listed say besides bits: do large predictions meet large hours, and is the scale right. */
function agreementOf(history: readonly ScoreRow[]) {
  const predicted = Float64Array.from(history.flatMap((hour) => hour.predicted))
  const realised = Float64Array.from(history.flatMap((hour) => hour.realised))
  const rank = rankCorrelation(predicted, realised)
  const predictedUsd = predicted.reduce((sum, usd) => sum + usd, 0)
  const realisedUsd = realised.reduce((sum, usd) => sum + usd, 0)
  return {
    hours: history.length,
    rankCorrelation: Number.isFinite(rank) ? rank : null,
    realisedOverPredicted: predictedUsd > 0 ? realisedUsd / predictedUsd : null,
  }
}
