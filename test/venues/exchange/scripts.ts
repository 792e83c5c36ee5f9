import { binanceScript } from './binance.ts'
import { bitgetScript } from './bitget.ts'
import { bybitScript } from './bybit.ts'
import { hyperliquidScript } from './hyperliquid.ts'
import { okxScript } from './okx.ts'
import type { VenueScript } from './venue-script.ts'

/** Every venue that the test venue can be. */
export const scripts: readonly VenueScript[] = [binanceScript, bybitScript, okxScript, bitgetScript, hyperliquidScript]
