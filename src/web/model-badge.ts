import { limits } from '../model/limits.ts'
import { modelStates } from '../model/model-states.ts'
import type { Score } from './score.ts'

const labels = {
  none: 'No model',
  'not scored': 'Model not scored yet',
  unproven: 'Model unproven',
  scored: 'Model scored',
}
const MEANING =
  'Bits an hour over price alone: mean of the last 30 days with its 95 % interval, given the path of price'

/**
 * The label of the forecast. Its state comes with every frame, the numbers behind it are asked for: for another asset, for
 * another state, and every minute. Answers how to show it; what is shown is the host's text.
 */
export function modelBadge(host: HTMLElement, load: (asset: string) => Promise<Score>, now: () => number) {
  let asked = ''
  let askedMs = 0
  let score: Score | undefined
  let fault: string | undefined
  let draw: () => void = () => undefined
  const ask = (asset: string, key: string): void => {
    asked = key
    askedMs = now()
    load(asset).then(
      (loaded) => {
        if (asked !== key) return
        score = loaded
        fault = undefined
        draw()
      },
      (error: Error) => {
        if (asked !== key) return
        score = undefined
        fault = error.message
        draw()
      },
    )
  }
  return (asset: string, modelState: number): void => {
    const state = modelStates[modelState] ?? 'none'
    const key = `${asset} ${state}`
    if (asked !== key) score = fault = undefined
    if (asked !== key || now() - askedMs > limits.clientScoreMs) ask(asset, key)
    draw = () => {
      // Numbers of another state would be of another model.
      const isSame = score?.state === state && state !== 'none'
      const text = isSame ? `Model ${score!.text}` : labels[state]
      const detail = isSame ? `, ${Math.floor(score!.hours)} hours` : fault === undefined ? '' : `. Not read: ${fault}`
      if (host.textContent !== text) host.textContent = text
      const lacks =
        score === undefined || score.lacks.length === 0 ? '' : ` It does without: ${score.lacks.join(', ')}.`
      host.title = `${MEANING}${detail}.${lacks}`
    }
    draw()
  }
}
