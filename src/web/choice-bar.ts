export interface Choice {
  readonly value: string
  readonly label: string
  readonly title: string
}

/** A row of buttons of which one is chosen. Answers how to show another choice. */
export function choiceBar(host: HTMLElement, choices: readonly Choice[], onChoose: (value: string) => void) {
  host.setAttribute('role', 'radiogroup')
  const buttons = choices.map(({ value, label, title }) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.setAttribute('role', 'radio')
    button.textContent = label
    button.title = title
    button.addEventListener('click', () => onChoose(value))
    host.append(button)
    return button
  })
  host.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    const at = buttons.indexOf(event.target as HTMLButtonElement)
    if (step === 0 || at < 0) return
    const next = buttons[(at + step + buttons.length) % buttons.length]!
    next.focus()
    next.click()
    event.preventDefault()
  })
  return (value: string): void => {
    choices.forEach((choice, i) => {
      const isChosen = choice.value === value
      buttons[i]!.setAttribute('aria-checked', String(isChosen))
      buttons[i]!.tabIndex = isChosen ? 0 : -1
    })
  }
}
