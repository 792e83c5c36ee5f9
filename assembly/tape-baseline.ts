import { T_BASE, T_SPAN, T_SPANS, T_SPAN_USD, T_SQUARE } from "./report-layout";
import { BASELINE_DEVIATIONS, BASELINE_MS, BASELINE_SPANS, BASELINE_SPANS_MIN } from "./report-settings";

/* What one side of a venue usually trades in BASELINE_MS: mean and mean square over about BASELINE_SPANS spans, older
   ones counting less. Spans without a print count as 0. */

/** Adds a print; what its time has closed becomes part of the baseline before. */
export function baselineAdd(chain: usize, usd: f64, timeMs: f64): void {
  const span = Math.floor(timeMs / BASELINE_MS);
  const before = load<f64>(chain + T_SPAN);
  if (before === 0) {
    store<f64>(chain + T_SPAN, span);
  } else if (span > before) {
    include(chain, load<f64>(chain + T_SPAN_USD));
    for (let empty = min<f64>(span - before - 1, BASELINE_SPANS); empty > 0; empty--) include(chain, 0);
    store<f64>(chain + T_SPAN, span);
    store<f64>(chain + T_SPAN_USD, 0);
  }
  store<f64>(chain + T_SPAN_USD, load<f64>(chain + T_SPAN_USD) + usd);
}

export function baselineDeviation(chain: usize): f64 {
  const mean = load<f64>(chain + T_BASE);
  const variance = load<f64>(chain + T_SQUARE) - mean * mean;
  return variance > 0 ? Math.sqrt(variance) : 0;
}

function include(chain: usize, traded: f64): void {
  const spans = min<f64>(BASELINE_SPANS, load<f64>(chain + T_SPANS) + 1);
  store<f64>(chain + T_SPANS, spans);
  const mean = load<f64>(chain + T_BASE);
  // One outlier must not make the next one look usual.
  const most = mean + BASELINE_DEVIATIONS * baselineDeviation(chain);
  const usd = spans > BASELINE_SPANS_MIN && traded > most ? most : traded;
  const square = load<f64>(chain + T_SQUARE);
  store<f64>(chain + T_BASE, mean + (usd - mean) / spans);
  store<f64>(chain + T_SQUARE, square + (usd * usd - square) / spans);
}
