export interface Choice {
  readonly value: string
  readonly label: string
  readonly title: string
}

export interface ChoiceBar {
  show(value: string): void
  /** Marks what may not be chosen, with the reason; undefined: it may. */
  lock(reasonOf: (value: string) => string | undefined): void
}

/** A row of buttons of which one is chosen. What is locked stays in reach: pressing it tells why. */
export function choiceBar(
  host: HTMLElement,
  choices: readonly Choice[],
  onChoose: (value: string) => void,
  onLocked: (reason: string) => void = () => undefined,
): ChoiceBar {
  host.setAttribute('role', 'radiogroup')
  const reasons = new Map<string, string>()
  const buttons = choices.map(({ value, label, title }) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.setAttribute('role', 'radio')
    button.textContent = label
    button.title = title
    button.addEventListener('click', () => {
      const reason = reasons.get(value)
      if (reason === undefined) onChoose(value)
      else onLocked(reason)
    })
    host.append(button)
    return button
  })
  host.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    const at = buttons.indexOf(event.target as HTMLButtonElement)
    if (step === 0 || at < 0) return
    const next = buttons[(at + step + buttons.length) % buttons.length]!
    next.focus()
    if (next.getAttribute('aria-disabled') !== 'true') next.click()
    event.preventDefault()
  })
  return {
    show(value) {
      choices.forEach((choice, i) => {
        const isChosen = choice.value === value
        buttons[i]!.setAttribute('aria-checked', String(isChosen))
        buttons[i]!.tabIndex = isChosen ? 0 : -1
      })
    },
    lock(reasonOf) {
      choices.forEach(({ value, title }, i) => {
        const reason = reasonOf(value)
        if (reason === undefined) reasons.delete(value)
        else reasons.set(value, reason)
        buttons[i]!.setAttribute('aria-disabled', String(reason !== undefined))
        buttons[i]!.title = reason ?? title
      })
    },
  }
}
