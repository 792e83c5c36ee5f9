import type { AlertFiring } from '../model/alert-backtest.ts'
import { type AlertRuleJson, alertRuleJson, readAlertRule } from '../model/alert-json.ts'
import type { AlertEntry } from '../model/alert-service.ts'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { AlertApi, ServerAlerts } from './alert-api.ts'
import { AlertForm, type AlertFormValue } from './alert-form.ts'
import { type PageFiring, showAlertList } from './alert-list.ts'
import { resultView } from './alert-result.ts'
import type { AlertStore, PageAlert } from './alert-store.ts'

export interface AlertDialogOptions {
  readonly store: AlertStore
  readonly api: AlertApi
  readonly now: () => number
  /** Assets of the maps: what a rule without assets is about. */
  readonly shown: () => readonly string[]
  readonly firings: () => readonly PageFiring[]
  readonly faultOf: (alert: PageAlert) => string | undefined
  /** To the level and the time of a firing of the past, or to the level of a call. */
  readonly goThen: (firing: AlertFiring) => void
  readonly goNow: (firing: PageFiring) => void
  /** Makes the sound audible, once, or answers why it is not. */
  readonly unlock: () => Promise<string | undefined>
  /** Asks the system for notifications; answers what it says. */
  readonly askNotify: () => Promise<string>
  readonly notifyWords: () => string | undefined
}

const dayChoices = [1, 3, 7, 14, 30] as const

const markup = `
<dialog aria-labelledby="alerts-title">
<header><h2 id="alerts-title">Alerts</h2>
<label class="switch"><input type="checkbox" class="sound"> Sound</label>
<button type="button" class="plain notify">Allow notifications</button>
<button type="button" class="plain close" aria-label="Close">Close</button></header>
<div class="alert-body">
<div class="alert-side"><button type="button" class="plain chief new" autofocus>New rule</button><div class="alert-list"></div></div>
<form novalidate aria-label="Rule"><div class="place"></div>
<p class="fault" role="alert"></p>
<div class="actions">
<label class="days-asked">Over <select name="days" aria-label="Days of history"></select></label>
<button type="button" class="plain chief test">Test on the history</button>
<button class="plain save" disabled>Save</button></div>
<p class="told" role="status"></p>
<div class="found"></div></form>
</div></dialog>`

/** <alert-dialog>: rules of this page and of the server, each tested on the history before it is saved. */
export class AlertDialog extends HTMLElement {
  #options: AlertDialogOptions | undefined
  #form: AlertForm | undefined
  #server: ServerAlerts = { canSave: false, hosts: [], rules: [] }
  #editedId: string | undefined
  /** The rule that was tested last, as text, and what came of it; another one must be tested first. */
  #tested: { readonly key: string; readonly words: string } | undefined
  #testing: AbortController | undefined

  start(options: AlertDialogOptions): void {
    this.#options = options
    this.innerHTML = markup
    const form = this.#part<HTMLFormElement>('form')
    this.#form = new AlertForm(form)
    this.#part('.place').replaceWith(this.#form.element)
    const days = this.#part<HTMLSelectElement>('[name=days]')
    for (const count of dayChoices) days.add(new Option(count === 1 ? '1 day' : `${count} days`, String(count)))
    form.addEventListener('input', () => this.#judge())
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#save()
    })
    this.#part('.test').addEventListener('click', () => void this.#test())
    this.#part('.new').addEventListener('click', () => this.#edit({}))
    this.#part('.close').addEventListener('click', () => this.#dialog.close())
    this.#dialog.addEventListener('close', () => this.#testing?.abort())
    this.#wireCalls(options)
    options.store.follow(() => this.#list())
  }

  /** Opens with an empty rule, or with one that something else of the page has begun. */
  open(rule: Partial<AlertRuleJson> = {}): void {
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#edit(rule)
    void this.#readServer()
  }

  /** Something has called, or cannot. */
  refresh(): void {
    if (this.#dialog.open) this.#list()
  }

  get #dialog(): HTMLDialogElement {
    return this.#part<HTMLDialogElement>('dialog')
  }

  #wireCalls({ store, unlock, askNotify, notifyWords }: AlertDialogOptions): void {
    const sound = this.#part<HTMLInputElement>('.sound')
    store.follow(() => {
      sound.checked = store.hasSound
    })
    sound.addEventListener('change', async () => {
      store.hasSound = sound.checked
      if (sound.checked) this.#say((await unlock()) ?? 'This is what a call sounds like.')
    })
    const notify = this.#part<HTMLButtonElement>('.notify')
    const showNotify = (): void => {
      const words = notifyWords()
      notify.hidden = words === undefined
      notify.textContent = words ?? ''
    }
    notify.addEventListener('click', async () => {
      this.#say(await askNotify())
      showNotify()
    })
    showNotify()
  }

  #edit(rule: Partial<AlertRuleJson>, editedId?: string): void {
    const shown = this.#options!.shown()
    this.#editedId = editedId
    this.#form!.fill(rule, `those of the maps: ${shown.join(', ')}`)
    this.#part<HTMLSelectElement>('[name=days]').value = String(limits.alertBacktestDays)
    this.#tested = undefined
    this.#part('.found').replaceChildren()
    this.#part('.save').textContent = editedId === undefined ? 'Save' : 'Save the change'
    this.#lockServer()
    this.#judge()
    this.#list()
    this.#say('')
  }

  async #readServer(): Promise<void> {
    try {
      this.#server = await this.#options!.api.list()
    } catch (error) {
      this.#server = { canSave: false, hosts: [], rules: [] }
      this.#say(`The rules of the server cannot be read: ${(error as Error).message}`)
    }
    this.#lockServer()
    this.#list()
  }

  #lockServer(): void {
    const { canSave, hosts } = this.#server
    const reason = canSave
      ? undefined
      : 'This server takes no rules from here: docs/alerts.md says what it needs for that.'
    this.#form!.lockServer(reason, hosts)
  }

  #list(): void {
    const { store, api, firings, faultOf, goNow } = this.#options!
    const facts = {
      alerts: store.alerts,
      firings: firings(),
      server: this.#server.rules,
      editedId: this.#editedId,
      faultOf,
    }
    showAlertList(this.#part('.alert-list'), facts, {
      edit: (alert: PageAlert) => this.#edit(alertRuleJson(alert.rule), alert.id),
      turn: ({ id }, isOn) => store.turn(id, isOn),
      remove: ({ id }) => {
        if (id === this.#editedId) this.#editedId = undefined
        store.remove(id)
        this.#part<HTMLElement>('.new').focus()
      },
      removeEntry: (entry: AlertEntry) => void this.#removeEntry(api, entry),
      go: (firing) => {
        this.#dialog.close()
        goNow(firing)
      },
    })
  }

  async #removeEntry(api: AlertApi, { id }: AlertEntry): Promise<void> {
    try {
      await api.remove(id)
    } catch (error) {
      this.#say((error as Error).message)
    }
    await this.#readServer()
    this.#part<HTMLElement>('.new').focus()
  }

  /** What the form says is a rule or the reason why not; only what was tested can be saved. */
  #judge(): AlertFormValue | undefined {
    const value = this.#form!.read()
    let fault = ''
    try {
      readAlertRule(value.rule)
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      fault = error.message
    }
    this.#part('.fault').textContent = fault
    const isTested = this.#tested?.key === keyOf(value)
    const save = this.#part<HTMLButtonElement>('.save')
    save.disabled = fault !== '' || !isTested
    save.title = isTested ? '' : 'Test it on the history first'
    this.#part<HTMLButtonElement>('.test').disabled = fault !== ''
    this.#part('.found').classList.toggle('old', !isTested)
    return fault === '' ? value : undefined
  }

  get #days(): number {
    return Number(this.#part<HTMLSelectElement>('[name=days]').value)
  }

  async #test(): Promise<void> {
    const value = this.#judge()
    if (value === undefined) return
    const { api, shown, goThen } = this.#options!
    this.#testing?.abort()
    const testing = new AbortController()
    this.#testing = testing
    const found = this.#part('.found')
    found.replaceChildren()
    this.#say('Reading the history …')
    try {
      const rule = { ...value.rule, assets: value.rule.assets ?? (value.place === 'page' ? shown() : undefined) }
      const backtest = await api.preview(rule as AlertRuleJson, this.#days, testing.signal)
      if (testing.signal.aborted) return
      this.#tested = { key: keyOf(value), words: backtest.words }
      const go = (firing: AlertFiring): void => {
        this.#dialog.close()
        goThen(firing)
      }
      found.append(resultView(backtest, { go }))
      this.#say('')
      this.#part('form .actions').scrollIntoView({ block: 'start' })
    } catch (error) {
      if (testing.signal.aborted) return
      // Without a history there is no test to be had: that is said with the rule.
      this.#tested = { key: keyOf(value), words: `No back-test: ${(error as Error).message}` }
      this.#say(this.#tested.words)
    }
    this.#judge()
  }

  async #save(): Promise<void> {
    const value = this.#judge()
    const tested = this.#tested
    if (value === undefined || tested?.key !== keyOf(value)) return
    const { store, api, now, unlock } = this.#options!
    // The press that saves is also what lets the page sound.
    if (store.hasSound) void unlock()
    try {
      if (value.place === 'server') {
        await api.save({ ...value.rule, webhook: value.webhook }, this.#days)
        await this.#readServer()
      } else if (!store.put(readAlertRule(value.rule), tested.words, now(), this.#editedId)) {
        throw new Error(`There are ${limits.pageAlertsMax} rules, and no room for more.`)
      }
      this.#edit({})
      this.#say(`Saved: ${value.rule.name}.`)
    } catch (error) {
      this.#part('.fault').textContent = (error as Error).message
    }
  }

  #say(text: string): void {
    this.#part('.told').textContent = text
  }

  #part<Type extends Element = HTMLElement>(selector: string): Type {
    return this.querySelector<Type>(selector)!
  }
}

/** Equal where the same is asked of the history. */
function keyOf({ rule, place }: AlertFormValue): string {
  const { name: _name, ...asked } = rule
  return JSON.stringify([asked, place])
}
