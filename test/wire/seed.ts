/** Seed of the random parts of this run, printed in their titles; LMAP_SEED=... repeats a run. */
export const seed = Number(process.env.LMAP_SEED ?? Math.floor(Math.random() * 2 ** 31))
