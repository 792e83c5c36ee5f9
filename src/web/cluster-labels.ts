import { cascadeRatio, cascadeTo } from '../model/cascade.ts'
import { modelledLayers } from '../model/cluster-layers.ts'
import { type Cluster, type ClusterLayer, findClusters } from '../model/clusters.ts'
import { type Magnet, magnetsOf } from '../model/magnets.ts'
import type { Mode } from '../model/modes.ts'
import type { Column } from '../wire/blocks.ts'
import { formatDistance, formatUsd } from './format.ts'
import type { HeatView } from './heat-painter.ts'
import type { CanvasColours } from './theme.ts'

/** Of each kind, the largest in view: more would hide the profile. */
const LABELS_PER_KIND = 4
const LABEL_PX = 15
/** Where the profile is narrow a label has two lines. */
const NARROW_PX = 90
const LABEL_NARROW_PX = 22
const HEAD_PX = 30
const LABEL_PADDING_PX = 4

interface Label {
  readonly cluster: Cluster
  readonly magnet: Magnet | undefined
  readonly text: string
  readonly title: string
}

export interface LabelSource {
  /** The newest: levels and price of now. */
  readonly column: Column | undefined
  /** What was realised, fading, as realisedLayersOfColumns gives it. */
  readonly realised: readonly ClusterLayer[]
  readonly clockMs: number
}

/**
 * Names the clusters beside the map with their USD and distance, magnets first: a magnet that is out of view stays at the
 * edge behind which it lies.
 */
export class ClusterLabels {
  readonly element = document.createElement('div')
  #labels: Label[] = []

  constructor() {
    this.element.className = 'clusters'
  }

  /** Finds them anew, for the mode that is shown. */
  update({ column, realised, clockMs }: LabelSource, mode: Mode): void {
    this.#labels = []
    if (column === undefined || column.close <= 0) return
    const price = column.close
    const found = (layers: readonly ClusterLayer[]): Cluster[] =>
      layers.flatMap((layer) => findClusters(layer, price, clockMs)).sort((a, b) => b.usd - a.usd)
    if (mode !== 'raw') {
      const modelled = found(modelledLayers(column, [], undefined))
      const { above, below } = magnetsOf(modelled, price)
      for (const magnet of [above, below]) {
        if (magnet !== undefined) this.#labels.push(labelOf(magnet.cluster, column, magnet))
      }
      for (const cluster of modelled) {
        if (cluster !== above?.cluster && cluster !== below?.cluster) this.#labels.push(labelOf(cluster, column))
      }
    }
    if (mode === 'raw' || mode === 'hybrid') {
      for (const cluster of found(realised)) this.#labels.push(labelOf(cluster, column))
    }
  }

  /** Puts them where their prices are now; `paneHeight` in CSS pixels. */
  place(view: Readonly<HeatView>, paneHeight: number, ratio: number): void {
    if (view.pricePerPixel <= 0 || paneHeight <= 0) return
    const labelPx = this.element.clientWidth < NARROW_PX ? LABEL_NARROW_PX : LABEL_PX
    const taken: number[] = []
    const shown: HTMLElement[] = []
    const counts = { modelled: 0, realised: 0 }
    for (const label of this.#labels) {
      const { cluster, magnet } = label
      const at = (view.topPrice - cluster.peak) / view.pricePerPixel / ratio
      const y = Math.min(paneHeight - labelPx / 2, Math.max(HEAD_PX + labelPx / 2, at))
      if (magnet === undefined && (y !== at || counts[cluster.kind] >= LABELS_PER_KIND)) continue
      if (taken.some((other) => Math.abs(other - y) < labelPx)) continue
      taken.push(y)
      if (magnet === undefined) counts[cluster.kind]++
      shown.push(elementOf(label, y))
    }
    this.element.replaceChildren(...shown)
  }

  /** Writes them onto a picture as they stand in the document. */
  paint(context: CanvasRenderingContext2D, colours: CanvasColours, ratio: number): void {
    const edges = this.element.getBoundingClientRect()
    context.font = `${10 * ratio}px ${getComputedStyle(this.element).fontFamily}`
    context.textBaseline = 'middle'
    context.textAlign = 'left'
    for (const label of this.element.children) {
      const { left, top, width, height } = label.getBoundingClientRect()
      const x = (left - edges.left) * ratio
      const y = (top - edges.top) * ratio
      context.fillStyle = colours.plate
      context.fillRect(x, y, width * ratio, height * ratio)
      context.fillStyle = colours.text
      // Where the profile is narrow USD and distance stand below each other.
      const text = label.textContent ?? ''
      const lines = height > LABEL_PX ? text.split(/ (?=[+−])/) : [text]
      lines.forEach((line, i) => {
        const middle = (height * ratio * (i + 0.5)) / lines.length
        context.fillText(line, x + LABEL_PADDING_PX * ratio, y + middle)
      })
    }
  }
}

function labelOf(cluster: Cluster, column: Column, magnet?: Magnet): Label {
  const distance = cluster.peak / column.close - 1
  const arrow = magnet === undefined ? '' : distance < 0 ? '▼ ' : '▲ '
  const cascade = cascadeTo(column, distance < 0 ? cluster.low : cluster.high)
  const ratio = cascade === undefined ? undefined : cascadeRatio(cascade)
  const through =
    cascade === undefined || ratio === undefined
      ? ''
      : ` Up to there ${cascade.isCovered ? '' : 'at most '}${ratio.toFixed(2)} predicted for each USD that rests.`
  const what = cluster.kind === 'modelled' ? 'Modelled' : 'Realised in the last day, fading'
  const name = magnet === undefined ? '' : ' The strongest on its side by USD and nearness.'
  return {
    cluster,
    magnet,
    text: `${arrow}${formatUsd(cluster.usd)} ${formatDistance(distance)}`,
    title: `${what}, ${cluster.side}s: ${formatUsd(cluster.usd)} at ${formatDistance(distance)}.${name}${through}`,
  }
}

function elementOf({ cluster, magnet, text, title }: Label, y: number): HTMLElement {
  const element = document.createElement('span')
  element.className = `cluster ${cluster.kind}${magnet === undefined ? '' : ' magnet'}`
  element.textContent = text
  element.title = title
  element.style.top = `${Math.round(y)}px`
  return element
}
