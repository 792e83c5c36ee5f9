import type { VenueName } from '../../model/venues.ts'
import { binanceDirectory } from './binance.ts'
import { bitgetDirectory } from './bitget.ts'
import { bybitDirectory } from './bybit.ts'
import { hyperliquidDirectory } from './hyperliquid.ts'
import type { Directory } from './listing.ts'
import { okxDirectory } from './okx.ts'

export const directories: Readonly<Record<VenueName, Directory>> = {
  binance: binanceDirectory,
  bybit: bybitDirectory,
  okx: okxDirectory,
  bitget: bitgetDirectory,
  hyperliquid: hyperliquidDirectory,
}
