import type { Store } from '../model/stages.ts'

/** For a map that remembers nothing: takes everything, keeps nothing. */
export function createNoStore(): Store {
  return {
    name: 'store',
    room: true,
    start: async () => {},
    stop: async () => {},
    column() {},
    liquidation() {},
    score() {},
    venueMinute() {},
    report() {},
    liftTrial() {},
    checkpoint() {},
    columns: async () => [],
    at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
    extent: async () => undefined,
    scores: async () => [],
    lift: async () => [],
    reports: async () => ({ rows: [], next: undefined }),
    checkpoints: async () => [],
    flush: async () => {},
  }
}
