import type { VenueName } from '../../model/venues.ts'
import { binanceHistory } from './binance.ts'
import { bitgetHistory } from './bitget.ts'
import { bybitHistory } from './bybit.ts'
import type { History } from './history.ts'
import { hyperliquidHistory } from './hyperliquid.ts'
import { okxHistory } from './okx.ts'

export const histories: Readonly<Record<VenueName, History>> = {
  binance: binanceHistory,
  bybit: bybitHistory,
  okx: okxHistory,
  bitget: bitgetHistory,
  hyperliquid: hyperliquidHistory,
}
