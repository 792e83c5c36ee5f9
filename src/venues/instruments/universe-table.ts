import type { Asset } from '../../model/assets.ts'
import { type VenueName, venueId, venues } from '../../model/venues.ts'
import { table } from './doctor-tables.ts'
import type { InstrumentTable } from './instrument-table.ts'
import type { PickedCoin } from './pick.ts'

/** Assets by venues: symbol and price step, or why there is none. */
export function universeTable(assets: readonly Asset[], told: InstrumentTable): string {
  const names = told.venues.map((facts) => facts.venue)
  const rows = assets.map((asset) => [
    '',
    asset.name,
    ...names.map((venue) => {
      const one = told.instruments.find((it) => it.asset === asset.id && it.venue === venueId(venue))
      if (one !== undefined) return `${one.symbol} ${one.tick}`
      return told.refused.some((it) => it.asset === asset.name && it.venue === venue) ? 'refused' : '-'
    }),
  ])
  const refused = told.refused.map(
    ({ venue, symbol, asset, reason }) => `  ${venue} ${symbol} for ${asset}: ${reason}\n`,
  )
  return `${table([['', 'asset', ...names.map(labelOf)], ...rows])}${refused.length === 0 ? '' : `\n${refused.join('')}`}`
}

/** The largest coins, as many as there are assets; then the assets that are not among them. */
export function pickTable(coins: readonly PickedCoin[], assets: readonly Asset[], names: readonly VenueName[]): string {
  const picked = coins.slice(0, assets.length)
  const row = (coin: PickedCoin, place: number): string[] => [
    '',
    String(place),
    coin.asset?.name ?? coin.coin,
    millions(coin.openInterestUsd),
    coin.asset === undefined ? 'joins' : '',
    ...names.map((venue) => {
      const own = coin.venues.get(venue)
      return own === undefined ? '-' : `${own.symbol} ${millions(own.openInterestUsd)}`
    }),
  ]
  const leaving = assets.filter((asset) => !picked.some((coin) => coin.asset === asset))
  const leavingRows = leaving.map((asset) => {
    const at = coins.findIndex((coin) => coin.asset === asset)
    return [
      '',
      at < 0 ? '-' : String(at + 1),
      asset.name,
      at < 0 ? '-' : millions(coins[at]!.openInterestUsd),
      'leaves',
    ]
  })
  const head = ['', '#', 'coin', 'open interest', '', ...names.map(labelOf)]
  return table([head, ...picked.map((coin, index) => row(coin, index + 1)), ...leavingRows])
}

function millions(usd: number): string {
  return `${(usd / 1e6).toFixed(usd < 1e7 ? 1 : 0)}M`
}

function labelOf(venue: VenueName): string {
  return venues[venueId(venue)]!.label
}
