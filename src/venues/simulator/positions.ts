import { assert } from '../../model/errors.ts'
import { LONG, liquidationPrice } from './liquidation-price.ts'

/** Copy of one position, for whoever asks. */
export interface Position {
  readonly venue: number
  /** 0 long, 1 short. */
  readonly side: number
  readonly entryPrice: number
  readonly leverage: number
  readonly liquidationPrice: number
  readonly coins: number
  readonly usd: number
}

/**
 * Open positions of one asset on one venue. Each side has a heap by liquidation price, so that the next forced order
 * is always on top; positions lie densely, so that a random one is found at once.
 */
export class Positions {
  count = 0
  readonly coins: [number, number] = [0, 0]
  readonly #maintenanceRate: number
  readonly #side: Uint8Array
  readonly #entry: Float64Array
  readonly #leverage: Float32Array
  readonly #coins: Float64Array
  readonly #liquidation: Float64Array
  /** Place of each position in the heap of its side. */
  readonly #place: Uint32Array
  readonly #heaps: readonly [Uint32Array, Uint32Array]
  readonly #heapSizes: [number, number] = [0, 0]

  constructor(capacity: number, maintenanceRate: number) {
    this.#maintenanceRate = maintenanceRate
    this.#side = new Uint8Array(capacity)
    this.#entry = new Float64Array(capacity)
    this.#leverage = new Float32Array(capacity)
    this.#coins = new Float64Array(capacity)
    this.#liquidation = new Float64Array(capacity)
    this.#place = new Uint32Array(capacity)
    this.#heaps = [new Uint32Array(capacity), new Uint32Array(capacity)]
  }

  get isFull(): boolean {
    return this.count === this.#side.length
  }

  /** Every contract has two sides; what the leveraged do not hold against each other, the unleveraged hold. */
  get openInterestCoins(): number {
    return Math.max(this.coins[0], this.coins[1])
  }

  open(side: number, entry: number, leverage: number, coins: number): void {
    assert(!this.isFull, 'there is room for a position')
    const id = this.count++
    this.#side[id] = side
    this.#entry[id] = entry
    this.#leverage[id] = leverage
    this.#coins[id] = coins
    this.#liquidation[id] = liquidationPrice(entry, this.#leverage[id]!, this.#maintenanceRate, side)
    this.coins[side as 0 | 1] += coins
    const size = this.#heapSizes[side as 0 | 1]++
    this.#put(side, size, id)
    this.#rise(side, size)
  }

  /** The position that is liquidated next on this side once `mark` has reached its price, or -1. */
  due(side: number, mark: number): number {
    if (this.#heapSizes[side as 0 | 1] === 0) return -1
    const id = this.#heaps[side as 0 | 1][0]!
    const price = this.#liquidation[id]!
    return (side === LONG ? mark <= price : mark >= price) ? id : -1
  }

  sideOf(id: number): number {
    return this.#side[id]!
  }

  entryOf(id: number): number {
    return this.#entry[id]!
  }

  leverageOf(id: number): number {
    return this.#leverage[id]!
  }

  coinsOf(id: number): number {
    return this.#coins[id]!
  }

  liquidationOf(id: number): number {
    return this.#liquidation[id]!
  }

  /** The last position takes the id of the one that is closed. */
  close(id: number): void {
    assert(id < this.count, 'the position is open')
    const side = this.#side[id]!
    this.coins[side as 0 | 1] -= this.#coins[id]!
    const size = --this.#heapSizes[side as 0 | 1]
    const place = this.#place[id]!
    if (place < size) {
      this.#put(side, place, this.#heaps[side as 0 | 1][size]!)
      this.#rise(side, place)
      this.#sink(side, place)
    }
    const last = --this.count
    // Sums of many steps drift in their last digits; an empty side is empty.
    if (size === 0) this.coins[side as 0 | 1] = 0
    if (id === last) return
    this.#side[id] = this.#side[last]!
    this.#entry[id] = this.#entry[last]!
    this.#leverage[id] = this.#leverage[last]!
    this.#coins[id] = this.#coins[last]!
    this.#liquidation[id] = this.#liquidation[last]!
    this.#put(this.#side[last]!, this.#place[last]!, id)
  }

  list(venue: number): Position[] {
    return Array.from({ length: this.count }, (_, id) => ({
      venue,
      side: this.#side[id]!,
      entryPrice: this.#entry[id]!,
      leverage: this.#leverage[id]!,
      liquidationPrice: this.#liquidation[id]!,
      coins: this.#coins[id]!,
      usd: this.#coins[id]! * this.#liquidation[id]!,
    }))
  }

  /** Longs are liquidated from the highest price down, shorts from the lowest up. */
  #isBefore(side: number, a: number, b: number): boolean {
    return side === LONG ? this.#liquidation[a]! > this.#liquidation[b]! : this.#liquidation[a]! < this.#liquidation[b]!
  }

  #put(side: number, place: number, id: number): void {
    this.#heaps[side as 0 | 1][place] = id
    this.#place[id] = place
  }

  #rise(side: number, from: number): void {
    const heap = this.#heaps[side as 0 | 1]
    const id = heap[from]!
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!this.#isBefore(side, id, heap[parent]!)) break
      this.#put(side, place, heap[parent]!)
      place = parent
    }
    this.#put(side, place, id)
  }

  #sink(side: number, from: number): void {
    const heap = this.#heaps[side as 0 | 1]
    const size = this.#heapSizes[side as 0 | 1]
    const id = heap[from]!
    let place = from
    for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && this.#isBefore(side, heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(side, heap[child]!, id)) break
      this.#put(side, place, heap[child]!)
      place = child
    }
    this.#put(side, place, id)
  }
}
