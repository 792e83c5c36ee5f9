// Guards what is said of a forecast's score: never a number without its interval, and never a claim before 336 hours.
import { expect, test } from 'vitest'
import { modelStates } from '../../src/model/model-states.ts'
import { SCORE_HOURS_MIN, scoreInterval, scoreText } from '../../src/model/score.ts'
import { textOf } from '../source-files.ts'

const of = (state: (typeof modelStates)[number], mean: number, error: number, hours: number) =>
  scoreText({ state: modelStates.indexOf(state), mean, error, hours })

test.each([
  [of('none', 0, 0, 0), 'no model'],
  [of('not scored', 0.4, 0.01, 12.7), 'not scored yet: 12 of 336 hours'],
  [of('unproven', 0.01, Number.POSITIVE_INFINITY, 340), 'unproven'],
  [of('unproven', -0.013, 0.02, 500), 'unproven (−0.01 bits/h ± .04)'],
  [of('scored', 0.2149, 0.0255, 800), '+0.21 bits/h ± .05'],
  [scoreText({ state: 99, mean: 0, error: 0, hours: 0 }), 'no model'],
])('%s', (text, expected) => expect(text).toBe(expected))

test('the interval has 95 %, or is none', () => {
  expect(scoreInterval({ mean: 1, error: 0.5 })).toEqual([1 - 0.98, 1 + 0.98])
  expect(scoreInterval({ mean: 1, error: Number.POSITIVE_INFINITY })).toBeUndefined()
})

test('the hours that are needed are those of the core', () => {
  expect(textOf('assembly/score.ts')).toContain(`HOURS_MIN: f64 = ${SCORE_HOURS_MIN};`)
})
