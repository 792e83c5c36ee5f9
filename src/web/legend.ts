import { usdOfCode } from '../model/layers.ts'
import type { Mode } from '../model/modes.ts'
import { formatUsd } from './format.ts'
import type { LiquidityMap } from './liquidity-map.ts'
import { Channel, rampCss } from './palette.ts'

const entries = [
  {
    channels: [Channel.realised],
    name: 'Realised',
    title: 'Liquidations that happened in the column',
    modes: ['raw', 'hybrid'],
  },
  {
    channels: [Channel.predicted],
    name: 'Predicted',
    title: 'Modelled: where forced orders would sit if the model is right, not where price will go',
    modes: ['synthetic', 'heatmap', 'hybrid'],
  },
  {
    channels: [Channel.bid, Channel.ask],
    name: 'Bids, asks',
    title: 'Resting depth, mean over the column, both sides on one scale',
    modes: 'depth',
  },
] as const

/** One scale per kind with the USD at which its ramps start and end. Answers how to show it anew. */
export function legend(host: HTMLElement) {
  const rows = entries.map(({ name, title, channels }) => {
    const row = document.createElement('div')
    row.className = 'ramp'
    row.title = `${title}. USD per bucket.`
    const label = document.createElement('b')
    label.textContent = name
    const low = document.createElement('span')
    const high = document.createElement('span')
    const bars = document.createElement('div')
    bars.className = 'bars'
    bars.append(...channels.map(() => document.createElement('i')))
    row.append(label, low, bars, high)
    host.append(row)
    return { row, low, high, bars }
  })
  return (map: LiquidityMap): void => {
    const { look, ground, modeShown: mode } = map
    rows.forEach(({ row, low, high, bars }, i) => {
      const { modes, channels } = entries[i]!
      row.hidden = modes === 'depth' ? !look.switches.depth : !(modes as readonly Mode[]).includes(mode)
      const floor = map.scale.floor[channels[0]]!
      const ceiling = map.scale.ceiling[channels[0]]!
      const { quantumUsd } = map.field
      const isEmpty = channels.every((channel) => map.scale.isEmpty[channel] === 1)
      low.textContent = isEmpty ? '' : formatUsd(usdOfCode(floor + (ceiling - floor) * look.threshold, quantumUsd))
      high.textContent = isEmpty ? 'none yet' : `${formatUsd(usdOfCode(ceiling, quantumUsd))}+`
      channels.forEach((channel, bar) => {
        ;(bars.children[bar] as HTMLElement).style.background = rampCss(look.palette, ground, channel)
      })
    })
  }
}
