import type { Logical, MouseEventParams } from 'lightweight-charts'
import { timeOf } from './candle-chart.ts'
import type { MapScene } from './map-scene.ts'

const STEPS_FAR = 10

/** A place that maps beside each other share. */
export interface CursorPlace {
  readonly asset: string
  readonly ms: number
  readonly price: number
}

/** Where the reader looks: by pointer, by keys, or where a map beside this one is looked at. */
export class MapCursor {
  readonly #scene: MapScene
  #slot: number | undefined
  #y: number | undefined
  #isLinked = false
  /** By a pointer. */
  #isPointed = false

  constructor(scene: MapScene) {
    this.#scene = scene
  }

  /** Slot of time below it, undefined where it is off the data. */
  get slot(): number | undefined {
    return this.#slot
  }

  /** Undefined where only its time is shared, and where it is nowhere. */
  get price(): number | undefined {
    return this.#y === undefined ? undefined : (this.#scene.chart?.series.coordinateToPrice(this.#y) ?? undefined)
  }

  /** The chart's word on where it is. Answers whether a person has moved it here, or away from here. */
  moved({ logical, point, sourceEvent }: MouseEventParams): boolean {
    const { field } = this.#scene
    // That a pointer has left comes without the event of the pointer; new data below it comes so too.
    const isPerson = sourceEvent !== undefined || (logical === undefined && this.#isPointed)
    if (isPerson) this.#isPointed = logical !== undefined
    if (isPerson && this.#isLinked) this.#showPrice(true)
    this.#slot = logical === undefined || logical < 0 || logical > field.lastSlot ? undefined : logical
    this.#y = point === undefined || this.#isLinked ? undefined : point.y
    return isPerson
  }

  /** Whether a pointer is on the map now. */
  get isPointed(): boolean {
    return this.#isPointed
  }

  place(asset: string): CursorPlace | null {
    const { price } = this
    if (this.#slot === undefined || price === undefined) return null
    return { asset, ms: this.#scene.field.msOf(this.#slot), price }
  }

  /** Goes where another map is looked at; of another asset only the time means something. */
  follow(place: CursorPlace | null, asset: string): void {
    const { chart, field } = this.#scene
    if (chart === undefined) return
    const slot = place === null ? -1 : field.slotBefore(place.ms)
    if (place === null || slot < 0 || slot > field.lastSlot) {
      this.#showPrice(true)
      chart.chart.clearCrosshairPosition()
      this.#slot = this.#y = undefined
      return
    }
    const isSame = place.asset === asset
    this.#showPrice(isSame)
    const price = isSame ? place.price : (chart.series.coordinateToPrice(0) ?? 0)
    chart.chart.setCrosshairPosition(price, timeOf(field, slot), chart.series)
  }

  /** By keys: from where it is, or from the newest price. Answers false where there is nothing to look at. */
  step(slots: number, buckets: number): boolean {
    const { chart, field } = this.#scene
    if (chart === undefined || field.lastSlot < 0) return false
    const slot = Math.max(0, Math.min(field.lastSlot, (this.#slot ?? field.lastSlot - slots) + slots))
    const step = field.stepAt(slot)
    const price = (this.price ?? field.closeAt(slot)) + buckets * step
    if (!(price > 0)) return false
    this.#showPrice(true)
    this.#keepInView(slot)
    chart.chart.setCrosshairPosition(price, timeOf(field, slot), chart.series)
    this.#slot = slot
    this.#y = chart.series.priceToCoordinate(price) ?? undefined
    return true
  }

  /** Arrow keys step, with Shift ten at a time; Escape leaves. Answers whether the key meant anything. */
  press({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false
    const far = shiftKey ? STEPS_FAR : 1
    if (key === 'ArrowLeft') return this.step(-far, 0)
    if (key === 'ArrowRight') return this.step(far, 0)
    if (key === 'ArrowUp') return this.step(0, far)
    if (key === 'ArrowDown') return this.step(0, -far)
    if (key !== 'Escape' || this.#slot === undefined) return false
    this.clear()
    return true
  }

  clear(): void {
    this.#showPrice(true)
    this.#scene.chart?.chart.clearCrosshairPosition()
    this.#slot = this.#y = undefined
  }

  #keepInView(slot: number): void {
    const time = this.#scene.chart!.chart.timeScale()
    const range = time.getVisibleLogicalRange()
    if (range === null) return
    const shift = slot < range.from ? slot - range.from : slot > range.to ? slot - range.to : 0
    if (shift === 0) return
    time.setVisibleLogicalRange({ from: (range.from + shift) as Logical, to: (range.to + shift) as Logical })
  }

  #showPrice(isShown: boolean): void {
    if (this.#isLinked === !isShown) return
    this.#isLinked = !isShown
    this.#scene.chart?.chart.applyOptions({ crosshair: { horzLine: { visible: isShown, labelVisible: isShown } } })
  }
}
