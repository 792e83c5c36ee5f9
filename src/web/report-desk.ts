import type { AppParts } from './app-parts.ts'
import { decimalsOf } from './format.ts'
import { mayAsk, planLock } from './plan-lock.ts'
import { loadLift, loadRead, loadReports } from './report-api.ts'
import { isOpen } from './report-filter.ts'
import type { ReportPanel } from './report-panel.ts'
import type { KnownRow } from './report-then.ts'

const MINUTE_MS = 60_000

/** Puts the reports beside the maps: of the asset of the active map, as known at its moment. */
export function wireReports(parts: AppParts): void {
  const { catalogue, connection, now, panes, main, rail, route, go, onRoute } = parts
  const decimals = new Map(catalogue.assets.map(({ name, gridTick }) => [name, decimalsOf(gridTick)]))
  const panel = document.createElement('report-panel') as ReportPanel
  panel.hidden = true
  main.append(panel)
  let chosenId: string | undefined
  const toggle = rail.button({ icon: 'reports', label: 'Reports', key: 'r' }, () => open(panel.hidden === true))
  toggle.setAttribute('aria-expanded', 'false')
  panel.start({
    load: loadReports(connection),
    loadRead: (asset) => loadRead(connection, asset),
    loadLift: (asset) => loadLift(connection, asset),
    now,
    decimalsOf: (asset) => decimals.get(asset) ?? 2,
    choose: (known) => {
      chosenId = known.row.id
      // One moment for all maps, as the bar below them has it.
      go(placeOf(known, panes.map.clockMs), { isEverywhere: true })
    },
    level: (price) => go({ level: price }),
    close: () => open(false),
  })
  const show = (): void => {
    for (const map of panes.maps)
      if (map.reports !== undefined) map.reports.isWanted = !panel.hidden && map === panes.map
    if (panel.hidden) return
    const { asset, atMs } = route()
    const source = panes.map.reports?.source
    panel.show({
      asset,
      atMs,
      live: source?.live ?? [],
      fault: source?.fault,
      chosenId,
      clockMs: panes.map.clockMs,
      lockOf: ({ plan }) => planLock(connection.hello?.plan, 'reports', plan),
      canAsk: (report) => connection.hello !== undefined && mayAsk(connection.hello.plan, report),
    })
  }
  function open(isOpen: boolean): void {
    panel.hidden = !isOpen
    toggle.setAttribute('aria-pressed', String(isOpen))
    toggle.setAttribute('aria-expanded', String(isOpen))
    panes.refreshStatus()
    show()
    if (!isOpen) toggle.focus()
  }
  parts.shortcuts.add({
    key: 'Escape',
    shown: 'Esc',
    does: 'Forget the level that is pointed at',
    run: () => {
      chosenId = undefined
      if (route().level !== undefined) go({ level: undefined })
    },
  })
  onRoute(show)
  panes.addEventListener('mapchange', show)
}

/** Where a row leads: to its level, and where nothing more comes of it to the moment after it began. */
export function placeOf(
  { row, later }: KnownRow,
  nowMs: number,
): { asset: string; level: number; atMs: number | undefined } {
  const { asset, price, startMs } = row
  // By the minute: what history knows of a minute it knows at its end.
  const momentMs = (Math.floor(startMs / MINUTE_MS) + 1) * MINUTE_MS
  const isLive = (isOpen(row) && later === undefined) || momentMs >= nowMs
  return { asset, level: price, atMs: isLive ? undefined : momentMs }
}
