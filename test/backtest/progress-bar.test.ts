// Guards the progress bar: its phases add up to the whole, the time left follows from what was done, and where there is
// no terminal nothing is written at all.
import { expect, test } from 'vitest'
import { progressBar } from '../../src/engine/backtest/progress-bar.ts'

/** A terminal that keeps what was written to it. */
function terminal(isTTY: boolean): { isTTY: boolean; texts: string[]; write(text: string): void } {
  const texts: string[] = []
  return { isTTY, texts, write: (text) => texts.push(text) }
}

test('phases share the bar by their weights, and the time left is what the rest would take at this pace', () => {
  const output = terminal(true)
  let nowMs = 0
  const { phases, clear } = progressBar(output, () => nowMs, [1, 2, 0, 1])
  nowMs = 1_000
  phases[1]!('ledger', 0)
  nowMs = 200_000
  phases[1]!('ledger', 0.5)
  phases[3]!('map', 1)
  clear()
  const [first, second, third, last] = output.texts
  expect(first).toBe(`\r[########......................]  25 % 3.0 s left      ledger${' '.repeat(26)}`)
  expect(second).toContain('[###############...............]  50 % 3 min 20 s left')
  expect(third).toBe(`\r[##############################] 100 % ${' '.repeat(16)}map${' '.repeat(29)}`)
  expect(last).toBe('\r\u001b[K')
  expect(new Set([first, third].map((text) => text!.length)).size).toBe(1)
})

test('without a terminal nothing is written', () => {
  const output = terminal(false)
  const { phases, clear } = progressBar(output, () => 0, [1])
  phases[0]!('reading', 0.5)
  clear()
  expect(output.texts).toEqual([])
})
