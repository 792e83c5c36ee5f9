import type { VenueName } from '../../model/venues.ts'
import type { VenueProtocol } from './feed.ts'

/** The live venues. Each is loaded when it is asked for. A new one is a folder, a line in model/venues.ts and a line here. */
export const liveVenues: Readonly<Partial<Record<VenueName, () => Promise<VenueProtocol>>>> = {
  binance: async () => (await import('../binance/feed.ts')).binanceProtocol,
  bybit: async () => (await import('../bybit/feed.ts')).bybitProtocol,
  okx: async () => (await import('../okx/feed.ts')).okxProtocol,
  bitget: async () => (await import('../bitget/feed.ts')).bitgetProtocol,
  hyperliquid: async () => (await import('../hyperliquid/feed.ts')).hyperliquidProtocol,
}
