import type { PlanFacts } from '../client/control.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { AppParts } from './app-parts.ts'
import { followMessages } from './route-message.ts'
import type { TimeBar } from './time-bar.ts'

/** Puts the time bar below the maps: one moment for all of them. Other pages can name one too, see route-message.ts. */
export function wireTime({ catalogue, connection, now, panes, main, shortcuts, route, go, onRoute }: AppParts): void {
  const bar = document.createElement('time-bar') as TimeBar
  main.append(bar)
  bar.start({
    now,
    present: () => panes.map.clockMs,
    loadExtent: (asset, timeframe) => connection.extent(asset, timeframe),
    go: (atMs, isStep) => go({ atMs }, { isEverywhere: true, isStep }),
    prepare: (atMs) => {
      for (const { travel } of panes.maps) travel?.prepare(atMs)
    },
    retry: () => {
      for (const { travel } of panes.maps) travel?.retry()
    },
  })
  const show = (): void => {
    const { asset, timeframe, atMs } = route()
    bar.show({
      asset,
      timeframe,
      atMs,
      isReading: panes.maps.some(({ travel }) => travel?.isReading === true),
      fault: panes.map.travel?.fault,
      lock: pastLock(connection.hello?.plan),
      isGreeted: connection.hello !== undefined,
    })
  }
  onRoute(show)
  panes.addEventListener('mapchange', show)
  // The plan comes with the connection.
  connection.onChange(show)
  addEventListener('keydown', (event) => {
    // Elsewhere these keys have a meaning of their own.
    const isFree = event.target === document.body || panes.contains(event.target as Node)
    if (isFree && !event.defaultPrevented && bar.key(event)) event.preventDefault()
  })
  const nothing = (): void => undefined
  shortcuts.add(
    { key: 'Step', shown: '← →', does: 'One column back, forward; with Shift ten', run: nothing },
    { key: 'Play', shown: 'Space', does: 'Play the past, pause', run: nothing },
    { key: 'Ends', shown: 'Home End', does: 'Where history begins; back to live', run: nothing },
  )
  const names = catalogue.assets.map(({ name }) => name)
  followMessages({ target: window, assets: names, now, go: (change, isStep) => go(change, { isStep }) })
}

/** Why there is no past to be had with a plan, in a sentence; undefined where there is. */
export function pastLock(plan: PlanFacts | undefined): string | undefined {
  if (plan === undefined || (plan.columns >= COLUMNS && plan.api)) return undefined
  const other = plan.opensColumns === undefined ? '' : ` Plan ${plan.opensColumns} has.`
  return `Locked: plan ${plan.name} has no maps of the past.${other}`
}
