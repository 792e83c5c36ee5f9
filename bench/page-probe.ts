/* What runs inside the page. Functions are sent as text: they see nothing of this file. */

declare global {
  interface Window {
    /** Milliseconds from the start of the navigation to the first frame with a map in it. */
    firstMap?: Promise<number>
    /** The same of a page with nothing in it. */
    firstFrame?: Promise<number>
  }
}

interface MapElement extends Element {
  readonly field?: { readonly lastSlot: number }
}

/**
 * Before the page's own scripts. A map counts when its cells are on the canvas of its chart: many colours across the middle,
 * where an empty chart has a ground and a grid. The time is that of the end of the frame in which they were painted.
 */
export function watchFirstMap(): void {
  window.firstMap = new Promise((resolve) => {
    const COLOURS_MIN = 40
    const hasCells = (map: MapElement): boolean => {
      const canvases = [...(map.shadowRoot?.querySelectorAll<HTMLCanvasElement>('.chart canvas') ?? [])]
      const canvas = canvases.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a), canvases[0]!)
      const context = canvas?.getContext('2d')
      if (!context || canvas.width === 0) return false
      const row = new Uint32Array(context.getImageData(0, canvas.height >> 1, canvas.width, 1).data.buffer)
      const column = new Uint32Array(context.getImageData(canvas.width >> 1, 0, 1, canvas.height).data.buffer)
      return new Set([...row, ...column]).size >= COLOURS_MIN
    }
    // A task that is posted in a frame runs when it is painted.
    const { port1, port2 } = new MessageChannel()
    const look = (): void => port2.postMessage(undefined)
    port1.onmessage = () => {
      const paintedMs = performance.now()
      const map = document.querySelector<MapElement>('liquidity-map')
      const hasMap = map?.getAttribute('state') === 'live' && (map.field?.lastSlot ?? -1) >= 0
      if (map !== null && hasMap && hasCells(map)) resolve(paintedMs)
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
}

/** Milliseconds from the start of the navigation to the first painted frame of whatever page: asked of one with nothing in it. */
export function watchFirstFrame(): void {
  window.firstFrame = new Promise((resolve) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve(performance.now())
      port2.postMessage(undefined)
    })
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
