import type { AlertRuleJson } from '../model/alert-json.ts'
import { assets } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import type { AlertApi } from './alert-api.ts'
import type { AlertDialog } from './alert-dialog.ts'
import { firingWords, type PageFiring } from './alert-list.ts'
import { AlertSound, notificationState, notify } from './alert-signal.ts'
import type { AlertStore } from './alert-store.ts'
import { AlertWatch } from './alert-watch.ts'
import type { AppParts } from './app-parts.ts'
import type { ReportFilter, ReportKind } from './report-filter.ts'

/** By this event other parts of the page begin a rule: its detail is what they know of it. */
const ALERT_WANTED = 'alertwanted'

/** What "standing" means, in words of rules. */
const openStates: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: ['active'],
  sweep: [],
  absorption: ['forming'],
  convergence: ['watch', 'chip', 'chip+', 'contested'],
}

const notifyWordsOf = {
  granted: undefined,
  none: undefined,
  default: 'Allow notifications',
  denied: 'Notifications are blocked',
}

/** The bell of the page: rules, the streams they watch, and how they call. */
export function wireAlerts(parts: AppParts, store: AlertStore, api: AlertApi): void {
  const { connection, panes, rail, route, onRoute, go, say, now } = parts
  const sound = new AlertSound()
  const firings: PageFiring[] = []
  const dialog = document.createElement('alert-dialog') as AlertDialog
  const bell = rail.button({ icon: 'alert', label: 'Alerts', key: 'a' }, () => dialog.open())
  const goNow = ({ subject }: PageFiring): void =>
    go({ asset: assets[subject.asset]!.name, level: subject.price, atMs: undefined })
  const watch = new AlertWatch({
    connection,
    changed: () => dialog.refresh(),
    fired(alert, subject) {
      const firing = { alert, subject }
      firings.unshift(firing)
      firings.splice(limits.pageFiringsMax)
      const words = firingWords(firing)
      say(`${alert.rule.name}: ${words}`)
      if (store.hasSound) sound.play()
      notify(alert.rule.name, words, alert.id, () => goNow(firing))
      bell.dataset.calls = String(firings.length)
      dialog.refresh()
    },
  })
  const shown = (): string[] => [...new Set(panes.maps.map((map) => map.getAttribute('asset') ?? route().asset))]
  const follow = (): void => watch.follow(store.alerts, shown())
  dialog.start({
    store,
    api,
    now,
    shown,
    firings: () => firings,
    faultOf: (alert) => watch.faultOf(alert),
    goNow,
    goThen: ({ asset, price, atMs }) => go({ asset, level: price, atMs }),
    async unlock() {
      if (await sound.unlock()) {
        sound.play()
        return undefined
      }
      return 'The browser keeps this page silent.'
    },
    async askNotify() {
      if (notificationState() === 'default') await Notification.requestPermission()
      return notificationState() === 'granted'
        ? 'Calls are shown as notifications.'
        : 'The browser shows no notifications of this page.'
    },
    notifyWords: () => notifyWordsOf[notificationState()],
  })
  document.body.append(dialog)
  document.addEventListener(ALERT_WANTED, (event) => {
    dialog.open((event as CustomEvent<Partial<AlertRuleJson>>).detail)
  })
  store.follow(follow)
  onRoute(follow)
}

/** Opens the dialog with a rule that somebody may want. */
export function wantAlert(rule: Partial<AlertRuleJson>): void {
  document.dispatchEvent(new CustomEvent(ALERT_WANTED, { detail: rule }))
}

/** A rule that asks for what a list of reports shows. */
export function ruleOfFilter(kind: ReportKind, asset: string, filter: ReportFilter): Partial<AlertRuleJson> {
  const { minUsd, side, state, isEverywhere } = filter
  return {
    kind,
    ...(!isEverywhere && { assets: [asset] }),
    ...(minUsd > 0 && { usdMin: minUsd }),
    ...(side !== '' && { sides: [side] }),
    ...(state !== '' && { states: state === 'open' ? openStates[kind] : [state] }),
  }
}

/** A rule for more of the same: as large, or nearly so. */
export function ruleOfRow(row: ReportFacts): Partial<AlertRuleJson> {
  const { kind, asset, side } = row
  const usd = row.kind === 'wall' ? row.peakUsd : row.usd
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, usd)))
  return { kind, assets: [asset], sides: [side], usdMin: Math.floor(usd / unit) * unit }
}
