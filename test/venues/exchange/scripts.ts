import { binanceScript } from './binance.ts'
import { bybitScript } from './bybit.ts'
import type { VenueScript } from './venue-script.ts'

/** Every venue that the test venue can be. */
export const scripts: readonly VenueScript[] = [binanceScript, bybitScript]
