import type { Catalogue } from './catalogue.ts'
import { decimalsOf, formatClock, formatPrice } from './format.ts'
import { legend } from './legend.ts'
import type { LiquidityMap } from './liquidity-map.ts'
import { modelBadge } from './model-badge.ts'
import type { Score } from './score.ts'
import { venueStrip } from './venue-strip.ts'

export interface StatusOptions {
  readonly catalogue: Catalogue
  readonly loadScore: (asset: string) => Promise<Score>
  readonly now: () => number
}

/** Price, badges, venues and scales around the maps. Answers how to show those of a map. */
export function statusLine(page: ParentNode, { catalogue, loadScore, now }: StatusOptions) {
  const part = (selector: string) => page.querySelector<HTMLElement>(selector)!
  const showVenues = venueStrip(part('.venues'))
  const showLegend = legend(part('.legend'))
  const showModel = modelBadge(part('.model'), loadScore, now)
  const [price, clock, simulated, state] = ['.price', 'footer time', '.simulated', '.badge.state'].map(part) as [
    HTMLElement,
    HTMLElement,
    HTMLElement,
    HTMLElement,
  ]
  const ticks = new Map(catalogue.assets.map(({ name, gridTick }) => [name, gridTick]))
  return (map: LiquidityMap): void => {
    const { stream, status, shown } = map
    if (status === undefined) return
    const isKnown = shown !== undefined && shown.clockMs > 0
    state.dataset.kind = status.kind
    state.lastElementChild!.textContent = status.label
    simulated.hidden = !(isKnown ? shown.simulated : catalogue.simulated)
    // What the forecast is worth now says nothing of then: the map's band has its state of then.
    const isPast = status.kind === 'past'
    part('.model').hidden = isPast
    if (stream !== undefined && !isPast) showModel(stream.asset, shown?.modelState ?? 0)
    map.modelText = isPast ? '' : (part('.model').textContent ?? '')
    clock.textContent = isKnown ? formatClock(shown.clockMs) : ''
    const last = shown?.live ?? shown?.columns.at(-1)
    const text = last === undefined ? '' : formatPrice(last.close, decimalsOf(ticks.get(stream!.asset) ?? 0.01))
    price.textContent = text
    price.dataset.kind = status.kind
    document.title = `${isPast ? 'Past: ' : ''}${text} ${map.getAttribute('asset') ?? ''} · Liquidity Map`.trim()
    showVenues(status.kind === 'lost' || status.kind === 'ended' ? undefined : shown)
    showLegend(map)
  }
}
