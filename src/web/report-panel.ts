import type { Lift } from '../model/lift.ts'
import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import { ruleOfFilter, ruleOfRow, wantAlert } from './alert-desk.ts'
import { reportColumns } from './report-columns.ts'
import {
  filterDefault,
  inOrder,
  isWanted,
  type ReportFilter,
  type ReportKind,
  type ReportOrder,
  type ReportTab,
  reportTabs,
} from './report-filter.ts'
import { filterBar } from './report-filter-bar.ts'
import { type LoadReports, ReportList } from './report-list.ts'
import { type Read, ReadLine } from './report-read.ts'
import { ReportTable } from './report-table.ts'
import { type KnownRow, knownAt } from './report-then.ts'

export interface ReportPanelOptions {
  readonly load: LoadReports
  readonly loadRead: (asset: string) => Promise<Read>
  /** What was measured of an asset's reports, in the words that may be said. */
  readonly loadLift: (asset: string) => Promise<readonly LiftWords[]>
  readonly now: () => number
  readonly decimalsOf: (asset: string) => number
  /** To the level of a row: live where there is more to come of it, else to its moment. */
  readonly choose: (known: KnownRow) => void
  /** To a price of the map's asset. */
  readonly level: (price: number) => void
  readonly close: () => void
}

export interface LiftWords extends Pick<Lift, 'kind' | 'side'> {
  readonly words: string
}

export interface ReportPanelFacts {
  readonly asset: string
  /** Undefined: now. */
  readonly atMs: number | undefined
  /** Rows that the stream of the asset has, live ones and those just over. */
  readonly live: readonly ReportFacts[]
  /** Why the stream says nothing; undefined while it does. */
  readonly fault: string | undefined
  readonly chosenId: string | undefined
  /** The market's clock: that of a replay is not ours. */
  readonly clockMs: number
  /** Why a kind is not to be had, in a sentence. */
  readonly lockOf: (tab: ReportTab) => string | undefined
  /** Whether history and readings can be asked for: a kind by its plan's name, `read`, `lift`. */
  readonly canAsk: (report: string) => boolean
}

/** A map that is moved changes with every frame, its reports do not. */
const DRAW_MS = 250
const orderDefault: ReportOrder = { key: 'start', isDescending: true }

/** <report-panel>: walls, sweeps, absorptions and convergences as tables, and what they say together. */
export class ReportPanel extends HTMLElement {
  readonly #table = new ReportTable(
    (known) => this.#options!.choose(known),
    (key) => this.#sort(key),
  )
  #options: ReportPanelOptions | undefined
  #facts: ReportPanelFacts | undefined
  #list: ReportList | undefined
  #read: ReadLine | undefined
  #tab: ReportTab = reportTabs[0]
  #filter: ReportFilter = filterDefault
  readonly #orders = new Map<ReportKind, ReportOrder>()
  #showFilter: (kind: ReportKind, filter: ReportFilter) => void = () => undefined
  #refreshedMs = 0
  #lifts: readonly LiftWords[] = []
  #liftAsset = ''
  #liftMs = 0
  /** Order of rows while somebody is about to choose. */
  #heldIds: readonly string[] = []
  #frame = 0
  #drawnMs = 0
  #later: ReturnType<typeof setTimeout> | undefined

  start(options: ReportPanelOptions): void {
    this.#options = options
    this.#list = new ReportList(options.load, () => this.#plan())
    this.#read = new ReadLine(options.loadRead, options.now, options.level)
    this.setAttribute('role', 'region')
    this.setAttribute('aria-label', 'Reports')
    this.innerHTML = `
<div class="report-head"><h2>Reports</h2><span class="then"></span><button type="button" class="close" aria-label="Close the reports" title="Close (R)">×</button></div>
<div class="report-tabs" role="tablist" aria-label="Kinds of reports"></div>
<div class="report-filters"></div>
<p class="lift"></p>
<div class="report-rows" role="tabpanel" tabindex="-1"></div>
<p class="report-said" role="status"></p>
<button type="button" class="more" hidden>Older</button>`
    this.#part('.report-head').after(this.#read.element)
    this.#part('.close').addEventListener('click', () => options.close())
    this.#part('.more').addEventListener('click', () => this.#list!.more())
    this.#part('.report-rows').append(this.#table.element)
    this.#wireTabs()
    this.#showFilter = filterBar(this.#part('.report-filters'), (change) => {
      this.#filter = { ...this.#filter, ...change }
      this.#plan()
    })
    this.#wireAlert()
    // A row that was left alone may have others before it by now.
    this.#table.element.addEventListener('pointerleave', () => this.#plan())
  }

  disconnectedCallback(): void {
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#later)
    this.#frame = 0
    this.#later = undefined
  }

  show(facts: ReportPanelFacts): void {
    const isOther = facts.asset !== this.#facts?.asset || facts.atMs !== this.#facts.atMs
    this.#facts = facts
    if (isOther) this.#heldIds = []
    const waitMs = this.#drawnMs + DRAW_MS - this.#options!.now()
    if (isOther || waitMs <= 0) this.#plan()
    else this.#later ??= setTimeout(() => this.#plan(), waitMs)
  }

  /** The tab of a kind, for a link that leads to one of its rows. */
  open(kind: ReportKind): void {
    this.#choose(reportTabs.find((tab) => tab.kind === kind)!)
  }

  #part<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    return this.querySelector<Type>(selector)!
  }

  #wireTabs(): void {
    const host = this.#part('.report-tabs')
    const panel = this.#part('.report-rows')
    panel.id = 'report-rows'
    for (const tab of reportTabs) {
      const button = document.createElement('button')
      button.type = 'button'
      button.id = `report-tab-${tab.path}`
      button.setAttribute('role', 'tab')
      button.setAttribute('aria-controls', panel.id)
      button.textContent = tab.label
      button.addEventListener('click', () => this.#choose(tab))
      host.append(button)
    }
    host.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (step === undefined) return
      const at = reportTabs.indexOf(this.#tab)
      this.#choose(reportTabs[(at + step + reportTabs.length) % reportTabs.length]!)
      this.#part(`#report-tab-${this.#tab.path}`).focus()
      event.preventDefault()
      event.stopPropagation()
    })
  }

  /** A rule for what the list shows, or for more of one of its rows. */
  #wireAlert(): void {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'alert'
    button.textContent = 'Alert'
    button.title = 'Make an alert of this filter; A on a row makes one of that row'
    button.addEventListener('click', () => {
      wantAlert(ruleOfFilter(this.#tab.kind, this.#facts?.asset ?? '', this.#filter))
    })
    this.#part('.report-filters').append(button)
    this.#part('.report-rows').addEventListener('keydown', (event) => {
      const { id } = (event.target as Element).closest<HTMLElement>('tr[data-id]')?.dataset ?? {}
      if (event.key.toLowerCase() !== 'a' || event.ctrlKey || event.metaKey || event.altKey || id === undefined) return
      const known = this.#facts && this.#known(this.#facts).find(({ row }) => row.id === id)
      if (known === undefined) return
      wantAlert(ruleOfRow(known.row))
      event.preventDefault()
      event.stopPropagation()
    })
  }

  #choose(tab: ReportTab): void {
    if (tab === this.#tab) return
    this.#tab = tab
    // Sides and states are those of a kind.
    this.#filter = { ...this.#filter, side: '', state: '' }
    this.#heldIds = []
    this.#plan()
  }

  #sort(key: string): void {
    const { kind } = this.#tab
    const before = this.#orders.get(kind) ?? orderDefault
    const column = reportColumns(kind, true).find((one) => one.key === key)!
    const isDescending = before.key === key ? !before.isDescending : column.isDescending
    this.#orders.set(kind, { key, isDescending })
    this.#heldIds = []
    this.#plan()
  }

  /** Draws once a frame, however much has changed. */
  #plan(): void {
    if (this.#frame !== 0 || !this.isConnected) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      clearTimeout(this.#later)
      this.#later = undefined
      this.#drawnMs = this.#options!.now()
      this.#draw()
    })
  }

  #draw(): void {
    const facts = this.#facts
    if (facts === undefined || this.hidden) return
    const lock = facts.lockOf(this.#tab)
    this.classList.toggle('locked', lock !== undefined)
    this.classList.toggle('past', facts.atMs !== undefined)
    this.#drawHead(facts)
    if (lock === undefined && facts.canAsk(this.#tab.plan)) this.#ask(facts)
    const known = lock === undefined ? this.#known(facts) : []
    const { kind } = this.#tab
    this.#table.show({
      kind,
      isEverywhere: this.#filter.isEverywhere,
      order: this.#orders.get(kind) ?? orderDefault,
      rows: known,
      chosenId: facts.chosenId,
      nowMs: facts.atMs ?? facts.clockMs,
      decimalsOf: this.#options!.decimalsOf,
    })
    this.#table.element.hidden = known.length === 0
    this.#drawFoot(facts, lock, known.length)
  }

  #drawHead({ asset, atMs, lockOf, canAsk }: ReportPanelFacts): void {
    for (const tab of reportTabs) {
      const button = this.#part(`#report-tab-${tab.path}`)
      const isChosen = tab === this.#tab
      button.setAttribute('aria-selected', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
      button.classList.toggle('locked', lockOf(tab) !== undefined)
    }
    this.#part('.report-rows').setAttribute('aria-labelledby', `report-tab-${this.#tab.path}`)
    this.#showFilter(this.#tab.kind, this.#filter)
    this.#part('.then').textContent = atMs === undefined ? asset : `${asset} as known then`
    const read = this.#read!
    read.element.hidden = atMs !== undefined || !canAsk('read')
    if (!read.element.hidden) read.show(asset)
    if (canAsk('lift')) this.#drawLift(asset)
  }

  #drawLift(asset: string): void {
    const { now, loadLift } = this.#options!
    if (asset !== this.#liftAsset || now() - this.#liftMs > limits.clientScoreMs) {
      if (asset !== this.#liftAsset) this.#lifts = []
      this.#liftAsset = asset
      this.#liftMs = now()
      loadLift(asset).then(
        (lifts) => {
          if (asset !== this.#liftAsset) return
          this.#lifts = lifts
          this.#plan()
        },
        // Without a measurement nothing is said of how well levels held.
        () => undefined,
      )
    }
    const kind = this.#tab.kind === 'convergence' ? 'chip' : this.#tab.kind
    const words = this.#lifts.find((lift) => lift.kind === kind && lift.side === 'both')?.words ?? ''
    const lift = this.#part('.lift')
    // Of now, as the read above is: of a moment in the past nothing is said.
    const isSaid = words !== '' && !this.classList.contains('locked') && !this.classList.contains('past')
    lift.textContent = isSaid ? `${this.#tab.label}: ${words}` : ''
    lift.title =
      'How often price turned at such levels within 15 minutes, against levels at the same distance without one.'
  }

  /** Rows that the stream does not tell: of other assets, of the past, and older ones. */
  #ask({ asset, atMs }: ReportPanelFacts): void {
    const { isEverywhere } = this.#filter
    const list = this.#list!
    list.show({ kind: this.#tab.kind, asset: isEverywhere ? undefined : asset, atMs, filter: this.#filter })
    const nowMs = this.#options!.now()
    const isLive = isEverywhere && atMs === undefined
    if (isLive && list.hasRead && nowMs - this.#refreshedMs > limits.clientReportsMs) {
      this.#refreshedMs = nowMs
      list.refresh()
    }
  }

  #known({ atMs, live }: ReportPanelFacts): readonly KnownRow[] {
    const { kind } = this.#tab
    const { isEverywhere } = this.#filter
    const rows = new Map(this.#list!.rows)
    if (atMs === undefined && !isEverywhere) {
      for (const row of live) if (row.kind === kind && !isStale(rows.get(row.id), row)) rows.set(row.id, row)
    }
    const known = knownAt([...rows.values()], atMs ?? Number.POSITIVE_INFINITY)
    const wanted = known.filter(({ row }) => row.kind === kind && isWanted(row, this.#filter))
    const byId = new Map(wanted.map((one) => [one.row.id, one]))
    const { key, isDescending } = this.#orders.get(kind) ?? orderDefault
    const column = reportColumns(kind, true).find((one) => one.key === key)!
    const sorted = inOrder(
      wanted.map(({ row }) => row),
      column.value,
      isDescending,
    )
    const ids = this.#held(sorted.slice(0, limits.clientReportRowsMax).map(({ id }) => id))
    return ids.flatMap((id) => byId.get(id) ?? [])
  }

  /** While a pointer or the focus is on a row, rows change where they are and new ones wait. */
  #held(ids: readonly string[]): readonly string[] {
    if (!this.#table.isHeld || this.#heldIds.length === 0) {
      this.#heldIds = ids
      return ids
    }
    const there = new Set(ids)
    const held = this.#heldIds.filter((id) => there.has(id))
    const known = new Set(held)
    // Older ones that were asked for follow behind them.
    const after = held.length === 0 ? ids : ids.slice(ids.indexOf(held.at(-1)!) + 1).filter((id) => !known.has(id))
    this.#heldIds = [...held, ...after]
    return this.#heldIds
  }

  #drawFoot({ atMs, fault }: ReportPanelFacts, lock: string | undefined, count: number): void {
    const list = this.#list!
    const more = this.#part<HTMLButtonElement>('.more')
    more.hidden = lock !== undefined || !list.hasMore
    more.disabled = list.isReading
    more.textContent = list.isReading ? 'Reading…' : 'Older'
    this.#part('.report-said').textContent = this.#sentence(lock, fault, atMs, count)
  }

  #sentence(lock: string | undefined, fault: string | undefined, atMs: number | undefined, count: number): string {
    const list = this.#list!
    if (lock !== undefined) return lock
    if (list.fault !== undefined) return list.fault
    if (atMs === undefined && fault !== undefined && !this.#filter.isEverywhere) return fault
    if (count > 0) return list.isFull ? 'There are more: narrow the filters to see them.' : ''
    if (list.isReading || (!list.hasRead && this.#facts!.canAsk(this.#tab.plan))) return 'Reading…'
    const isFiltered = JSON.stringify({ ...this.#filter, isEverywhere: false }) !== JSON.stringify(filterDefault)
    const kind = this.#tab.label.toLowerCase()
    return isFiltered ? `No ${kind} that pass the filters.` : `No ${kind} ${atMs === undefined ? 'yet' : 'then'}.`
  }
}

/** A page may know a later word than a stream that was away, and the other way round. */
function isStale(known: ReportFacts | undefined, row: ReportFacts): boolean {
  return known !== undefined && known.atMs > row.atMs
}
