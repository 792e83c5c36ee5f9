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

/** One scale of a map as it is painted now. */
export interface LegendRow {
  readonly name: string
  readonly title: string
  /** One for each ramp, from weak to strong. */
  readonly channels: readonly number[]
  readonly isShown: boolean
  /** USD at which the ramps start and end; empty where there is nothing of the kind. */
  readonly low: string
  readonly high: string
}

export function legendRows(map: LiquidityMap): LegendRow[] {
  const { look, modeShown: mode, scale, field } = map
  return entries.map(({ name, title, channels, modes }) => {
    const floor = scale.floor[channels[0]]!
    const ceiling = scale.ceiling[channels[0]]!
    const isEmpty = channels.every((channel) => scale.isEmpty[channel] === 1)
    const start = floor + (ceiling - floor) * look.threshold
    return {
      name,
      title,
      channels,
      isShown: modes === 'depth' ? look.switches.depth : (modes as readonly Mode[]).includes(mode),
      low: isEmpty ? '' : formatUsd(usdOfCode(start, field.quantumUsd)),
      high: isEmpty ? 'none yet' : `${formatUsd(usdOfCode(ceiling, field.quantumUsd))}+`,
    }
  })
}

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
    const shown = legendRows(map)
    rows.forEach(({ row, low, high, bars }, i) => {
      const { isShown, channels, low: start, high: end } = shown[i]!
      row.hidden = !isShown
      low.textContent = start
      high.textContent = end
      channels.forEach((channel, bar) => {
        ;(bars.children[bar] as HTMLElement).style.background = rampCss(map.look.palette, map.ground, channel)
      })
    })
  }
}
