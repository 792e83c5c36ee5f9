/* What runs inside the page. Functions are sent as text: they see nothing of this file. */

declare global {
  interface Window {
    /** Milliseconds from the start of the navigation to the first frame with a map in it. */
    firstMap?: Promise<number>
  }
}

interface MapElement extends Element {
  readonly field?: { readonly lastSlot: number }
}

/** Before the page's own scripts. */
export function watchFirstMap(): void {
  window.firstMap = new Promise((resolve) => {
    const look = (): void => {
      const map = document.querySelector<MapElement>('liquidity-map')
      const hasMap = map?.getAttribute('state') === 'live' && (map.field?.lastSlot ?? -1) >= 0
      if (!hasMap) {
        requestAnimationFrame(look)
        return
      }
      // The map was filled in this frame at the latest; a task that is posted in the next one runs when it is painted.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => resolve(performance.now())
        port2.postMessage(undefined)
      })
    }
    requestAnimationFrame(look)
  })
}

/** Milliseconds between frames, for so long. */
export function frameTimes(ms: number): Promise<number[]> {
  return new Promise((resolve) => {
    const times: number[] = []
    let before = 0
    let first = 0
    const frame = (now: number): void => {
      if (before > 0) times.push(now - before)
      else first = now
      before = now
      if (now - first < ms) requestAnimationFrame(frame)
      else resolve(times)
    }
    requestAnimationFrame(frame)
  })
}
