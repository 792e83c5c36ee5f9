import { ATR_MINUTES } from "./report-settings";

/* The memory of the lift (lift.ts), part of an asset's checkpoint. Offsets count from LIFT (layout.ts); all zero is the
   empty state. It outlives a change of the grid, which clears REPORTS.

     HEAD     bounds within which nothing happens, and how much is in use
     RANGES   of the last minutes, a ring
     COUNTS   [kind][side][reports, controls]: pairs, held, broken
     TRIALS   of reports, then of controls
     ORDERS   controls that are still to be drawn
     TOLD     what was told last, where
     PENDING  what was told since the last second */

export const F_EPOCH: usize = 0; // u32, of the grid that the buckets below belong to
export const F_OPEN: usize = 4; // u32, trials that price can move
/** Price above the one and below the other moves no trial. */
export const F_BELOW: usize = 8; // f64
export const F_ABOVE: usize = 16; // f64
export const F_DUE: usize = 24; // f64, when time alone moves one
export const F_MISSED: usize = 32; // f64, trials and orders that there was no room for
export const F_CLOSE: usize = 40; // f64, of the minute before; 0: not known
export const F_MINUTES: usize = 48; // u32, ever written
export const F_PENDING: usize = 52; // u32
export const F_RANGES: usize = 64; // f64[ATR_MINUTES]

export const KINDS: i32 = 5;
export const COUNT: usize = F_RANGES + 8 * <usize>ATR_MINUTES;
export const COUNT_BYTES: usize = 24;

/** Of reports, and behind them those of controls. */
export const REPORT_TRIALS: i32 = 96;
export const TRIALS: i32 = REPORT_TRIALS + 48;
export const TRIAL: usize = COUNT + COUNT_BYTES * <usize>(KINDS * 4);
export const TRIAL_BYTES: usize = 88;
export const L_STATE: usize = 0; // u8, see lift-trial.ts
export const L_SIDE: usize = 1; // u8, 0 support, 1 resistance
export const L_KIND: usize = 2; // u8
export const L_CONTROL: usize = 3; // u8
export const L_BUCKET: usize = 4; // i32
export const L_START_MS: usize = 8; // f64
export const L_EDGE: usize = 16; // f64 USD, the level's edge on the side of price
export const L_RANGE: usize = 24; // f64 USD
export const L_DISTANCE: usize = 32; // f64 USD from price to the edge at the start
export const L_TOUCH_MS: usize = 40; // f64
export const L_UNTIL_MS: usize = 48; // f64, end of the wait or of the work
export const L_BLOCKS_MS: usize = 56; // f64, until then its level is not tried again
/** Of a control: end of its order, and the start and outcome of the report's trial that it is drawn for. */
export const L_WITHIN_MS: usize = 64; // f64
export const L_PAIR_MS: usize = 72; // f64
export const L_PAIR_OUTCOME: usize = 80; // u32

/** Of each kind and side, in this order. */
export const ORDERS: i32 = 64;
export const ORDER: usize = TRIAL + TRIAL_BYTES * <usize>TRIALS;
export const ORDER_BYTES: usize = 48;
export const D_USED: usize = 0; // u32
export const D_OUTCOME: usize = 4; // u32, of the report's trial
export const D_DUE_MS: usize = 8; // f64
export const D_WITHIN_MS: usize = 16; // f64
export const D_DISTANCE: usize = 24; // f64 USD
export const D_RANGE: usize = 32; // f64 USD
export const D_START_MS: usize = 40; // f64, of the report's trial

export const TOLDS: i32 = 256;
export const TOLD: usize = ORDER + ORDER_BYTES * <usize>(KINDS * 2 * ORDERS);
/** u8 kind, u8 side, i32 bucket, f64 ms (0: free). */
export const TOLD_BYTES: usize = 16;

export const PENDINGS: u32 = 64;
export const PENDING: usize = TOLD + TOLD_BYTES * <usize>TOLDS;
/** u8 kind, u8 side, i32 bucket. */
export const PENDING_BYTES: usize = 8;

export const LIFT_BYTES: usize = PENDING + PENDING_BYTES * <usize>PENDINGS;
