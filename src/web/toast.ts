const SHOWN_MS = 3_500

/** A line at the lower edge that tells what has just been done. Answers how to say something. */
export function toast(host: HTMLElement): (text: string) => void {
  host.className = 'toast'
  host.setAttribute('role', 'status')
  let timer: ReturnType<typeof setTimeout> | undefined
  return (text) => {
    clearTimeout(timer)
    host.textContent = text
    timer = setTimeout(() => host.replaceChildren(), SHOWN_MS)
  }
}
