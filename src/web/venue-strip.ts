import { venueStates, venues } from '../model/venues.ts'
import { formatAge } from './format.ts'
import type { ShownMap } from './shown-map.ts'

const meanings = {
  unknown: 'nothing heard yet',
  live: 'sending',
  stale: 'nothing at all for longer than usual',
  suspect: 'quiet while other venues move; what it said last is not refreshed',
  down: 'feed is down',
}
const liquidationNotes = {
  complete: 'sends every liquidation',
  floor: 'sends some liquidations only: totals are a floor',
  none: 'has no public liquidation feed',
}

/** The five venues with their state and how long they have been in it. Answers how to show it anew. */
export function venueStrip(host: HTMLElement) {
  const chips = venues.map(({ label }) => {
    const chip = document.createElement('span')
    const dot = document.createElement('i')
    const name = document.createElement('b')
    const state = document.createElement('span')
    chip.className = 'venue'
    dot.className = 'dot'
    name.textContent = label
    chip.append(dot, name, state)
    host.append(chip)
    return { chip, state }
  })
  return (map: ShownMap | undefined): void => {
    chips.forEach(({ chip, state }, venue) => {
      const { label, liquidations } = venues[venue]!
      const isKnown = map !== undefined && map.clockMs > 0
      const name = isKnown ? venueStates[map.venueStates[venue]!]! : 'unknown'
      const sinceMs = map?.venueSinceMs[venue] ?? 0
      // Of the past it is not known since when.
      const age = isKnown && sinceMs > 0 ? formatAge(map.clockMs - sinceMs) : ''
      const text = name === 'live' || age === '' ? name : `${name} ${age}`
      if (state.textContent === text && chip.dataset.state === name) return
      chip.dataset.state = name
      state.textContent = text
      const since = age === '' ? '' : ` In this state for at least ${age}.`
      chip.title = `${label}: ${meanings[name]}.${since} ${label} ${liquidationNotes[liquidations]}.`
    })
  }
}
