/** Numbers with their unit in the type. A unit is added by a cast at the border and never removed by accident. */
declare const unit: unique symbol
export type Unit<Name extends string> = number & { readonly [unit]: Name }

/** Milliseconds since 1970 UTC. */
export type UnixMs = Unit<'UnixMs'>
/** Whole multiples of the instrument's tick size, counted in the price of ONE coin (multipliers such as 1000PEPE are divided out). */
export type PriceTick = Unit<'PriceTick'>
/** Base coins (never contracts, never thousands of coins). */
export type Coins = Unit<'Coins'>
/** US dollars; USDT and USDC count as dollars. */
export type Usd = Unit<'Usd'>
/** Canonical bucket: floor(price / step), absolute, see assembly/grid.ts. */
export type Bucket = Unit<'Bucket'>
/** Index into the asset table. */
export type AssetId = Unit<'AssetId'>
/** Index into the venue table. */
export type VenueId = Unit<'VenueId'>
