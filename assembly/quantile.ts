import { BINS, QUANTILE_BYTES } from "./report-layout";

/* Quantiles of a stream, as a histogram over the logarithm: f64 total, f32[BINS]. What is older counts less because
   later entries weigh more. A bin is a quarter of an octave, and a quantile lies within its bin. */

const PER_OCTAVE: f64 = 4;
/** 2^-14: below any move per root of USD that matters. */
const LOWEST: f64 = 56;

export function quantileAdd(at: usize, value: f64, weight: f64): void {
  const bin = at + 8 + (<usize>binOf(value) << 2);
  store<f32>(bin, load<f32>(bin) + <f32>weight);
  store<f64>(at, load<f64>(at) + weight);
}

/** The value below which this part of the weight lies; 0 where there is none. */
export function quantileOf(at: usize, part: f64): f64 {
  const wanted = load<f64>(at) * part;
  let sum: f64 = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const weight = <f64>load<f32>(at + 8 + (<usize>bin << 2));
    sum += weight;
    if (sum >= wanted && weight > 0) {
      const inner = 1 - (sum - wanted) / weight;
      return Math.exp(((<f64>bin + inner - LOWEST) * Math.LN2) / PER_OCTAVE);
    }
  }
  return 0;
}

/** Makes all weights smaller, so that later ones can go on growing. */
export function quantileScale(at: usize, factor: f64): void {
  store<f64>(at, load<f64>(at) * factor);
  for (let bin = at + 8; bin < at + QUANTILE_BYTES; bin += 4) store<f32>(bin, load<f32>(bin) * <f32>factor);
}

function binOf(value: f64): i32 {
  if (!(value > 0)) return 0;
  const bin = Math.floor((Math.log(value) / Math.LN2) * PER_OCTAVE + LOWEST);
  return bin < 0 ? 0 : bin >= <f64>BINS ? BINS - 1 : <i32>bin;
}
