import { assetByName } from '../../model/assets.ts'
import { assert } from '../../model/errors.ts'
import type { AssetId, VenueId } from '../../model/units.ts'
import { type VenueName, venueId } from '../../model/venues.ts'
import { type Market, marketOf, marketsOf } from '../mapper-market.ts'

/** Contracts that are met in recordings and not in live feeds: [venue, symbol, asset, tick, perUnit, kind]. */
const rows: readonly (readonly [VenueName, string, string, string, number, 'inverse' | 'spot'])[] = [
  ['binance', 'BTCUSD_PERP', 'BTC', '0.1', 100, 'inverse'],
  ['binance', 'ETHUSD_PERP', 'ETH', '0.01', 10, 'inverse'],
  ['bybit', 'BTCUSD', 'BTC', '0.5', 1, 'inverse'],
  ['bybit', 'ETHUSD', 'ETH', '0.05', 1, 'inverse'],
  ['okx', 'BTC-USD-SWAP', 'BTC', '0.1', 100, 'inverse'],
  ['okx', 'ETH-USD-SWAP', 'ETH', '0.01', 10, 'inverse'],
  ['okx', 'UNI-USD-SWAP', 'UNI', '0.001', 10, 'inverse'],
  ['okx', 'BTC-USDT', 'BTC', '0.1', 1, 'spot'],
]

/** Spot symbols are spelt like the perpetuals and have finer ticks. */
const binanceSpotTicks: Readonly<Record<string, string>> = { BTCUSDT: '0.01', ETHUSDT: '0.01' }

/** Markets of a recording: the built-in table and what else occurs, of all assets or of those that are asked for. */
export function recordedMarkets(venue: VenueName, names: readonly string[] | undefined): Market[] {
  const id = venueId(venue) as VenueId
  const more = rows
    .filter(([name]) => name === venue)
    .map(([, symbol, asset, tick, perUnit, kind]) =>
      marketOf({ asset: idOf(asset), venue: id, symbol, multiplier: 1, tick, perUnit, isInverse: kind === 'inverse' }),
    )
  return chosen([...marketsOf(id), ...more], names)
}

export function binanceSpotMarkets(names: readonly string[] | undefined): Market[] {
  const spot = marketsOf(venueId('binance') as VenueId).map((market) => {
    const tick = binanceSpotTicks[market.symbol]
    return tick === undefined ? market : marketOf({ ...market, tick })
  })
  return chosen(spot, names)
}

function chosen(markets: Market[], names: readonly string[] | undefined): Market[] {
  if (names === undefined) return markets
  const ids = new Set(names.map((name) => assetByName(name)?.id))
  return markets.filter((market) => ids.has(market.asset))
}

function idOf(name: string): AssetId {
  const asset = assetByName(name)
  assert(asset !== undefined, `${name} is an asset`)
  return asset.id
}
