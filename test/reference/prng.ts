/** Mulberry32: a small seeded generator for tests. Numbers in [0, 1). */
export function prng(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Seed of this run: LMAP_SEED, or one drawn from the clock; print it in the test's title. */
export const seed = Number(process.env.LMAP_SEED ?? Date.now() % 1_000_000)
