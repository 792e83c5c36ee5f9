import type { Mode } from '../client/modes.ts'
import { usdOfCode } from '../model/layers.ts'
import { formatUsd } from './format.ts'
import type { LiquidityMap, MapLook } from './liquidity-map.ts'
import { Channel, rampCss } from './palette.ts'

const entries = [
  {
    channel: Channel.realised,
    name: 'Realised',
    title: 'Liquidations that happened in the column',
    in: ['raw', 'hybrid'],
  },
  {
    channel: Channel.predicted,
    name: 'Predicted',
    title: 'Modelled: where forced orders would sit if the model is right, not where price will go',
    in: ['synthetic', 'heatmap', 'hybrid'],
  },
  { channel: Channel.bid, name: 'Bids', title: 'Resting bids, mean over the column', in: 'depth' },
  { channel: Channel.ask, name: 'Asks', title: 'Resting asks, mean over the column', in: 'depth' },
] as const

/** One ramp per channel with the USD at which it starts and ends. Answers how to show it anew. */
export function legend(host: HTMLElement) {
  const rows = entries.map((entry) => {
    const row = document.createElement('div')
    const [name, low, ramp, high] = ['b', 'span', 'i', 'span'].map((tag) => document.createElement(tag))
    row.className = 'ramp'
    ramp!.className = 'bar'
    row.title = `${entry.title}. USD per bucket.`
    name!.textContent = entry.name
    row.append(name!, low!, ramp!, high!)
    host.append(row)
    return { row, low: low!, ramp: ramp!, high: high! }
  })
  return (map: LiquidityMap, mode: Mode, showDepth: boolean, look: MapLook): void => {
    rows.forEach(({ row, low, ramp, high }, i) => {
      const entry = entries[i]!
      row.hidden = entry.in === 'depth' ? !showDepth : !(entry.in as readonly Mode[]).includes(mode)
      const floor = map.scale.floor[entry.channel]!
      const ceiling = map.scale.ceiling[entry.channel]!
      const { quantumUsd } = map.field
      low.textContent = formatUsd(usdOfCode(Math.max(1, floor + (ceiling - floor) * look.threshold), quantumUsd))
      high.textContent = `${formatUsd(usdOfCode(ceiling, quantumUsd))}+`
      ramp.style.background = rampCss(look.palette, entry.channel)
    })
  }
}
