import { C_HIGH, C_LOW, C_CLOSE, LIFT, columnAt } from "./layout";
import { F_CLOSE, F_MINUTES, F_RANGES } from "./lift-layout";
import { ATR_MINUTES, ATR_MINUTES_MIN } from "./report-settings";

/* How far price usually goes in a minute: the mean true range of the last minutes that have closed. */

/** Adds the minute that ends: its column is still as it was at its end. */
export function rangeMinute(): void {
  const c = columnAt(0);
  const before = load<f64>(LIFT + F_CLOSE);
  let high = load<f64>(c + C_HIGH);
  let low = load<f64>(c + C_LOW);
  if (before > 0) {
    high = max<f64>(high, before);
    low = min<f64>(low, before);
  }
  const minutes = load<u32>(LIFT + F_MINUTES);
  store<f64>(LIFT + F_RANGES + (<usize>(minutes % ATR_MINUTES) << 3), high - low);
  store<u32>(LIFT + F_MINUTES, minutes + 1);
  store<f64>(LIFT + F_CLOSE, load<f64>(c + C_CLOSE));
}

/** What price did since the last minute is not known: a gap is no range. */
export function rangeForget(): void {
  store<f64>(LIFT + F_CLOSE, 0);
}

/** USD; 0 while too few minutes are known, or where price did not move at all. */
export function rangeMean(): f64 {
  const minutes = min<i32>(load<u32>(LIFT + F_MINUTES), ATR_MINUTES);
  if (minutes < ATR_MINUTES_MIN) return 0;
  let sum: f64 = 0;
  for (let i = 0; i < minutes; i++) sum += load<f64>(LIFT + F_RANGES + (<usize>i << 3));
  return sum / <f64>minutes;
}
