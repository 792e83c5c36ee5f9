import { closeSync, openSync, writeSync } from 'node:fs'
import { LmapError } from '../../model/errors.ts'
import { venues } from '../../model/venues.ts'
import { type Listing, priceOf } from './listing.ts'
import type { Fill } from './venue-book.ts'

/** What the simulator planted or did, told when it is over. Times are venue times, prices USD of one coin. */
export type TruthRow =
  | {
      readonly kind: 'wall'
      readonly asset: string
      readonly venue: string
      readonly side: 'bid' | 'ask'
      readonly price: number
      readonly coins: number
      readonly usd: number
      readonly startMs: number
      readonly endMs: number
      /** open: the simulation ended first. */
      readonly fate: 'filled' | 'pulled' | 'moved' | 'faded' | 'open'
      /** Coins of it that were traded. */
      readonly filledCoins: number
    }
  | {
      readonly kind: 'sweep'
      readonly asset: string
      readonly venue: string
      /** Of the taker. */
      readonly side: 'buy' | 'sell'
      readonly startMs: number
      readonly endMs: number
      readonly coins: number
      readonly usd: number
      readonly levels: number
      readonly firstPrice: number
      readonly lastPrice: number
      /** False: the order of a usual taker that happened to be so large. */
      readonly planted: boolean
    }
  | {
      readonly kind: 'absorption'
      readonly asset: string
      readonly venue: string
      /** Of the passive order, an iceberg. */
      readonly side: 'bid' | 'ask'
      readonly price: number
      /** Traded against it. */
      readonly usd: number
      /** What it shows at a time. */
      readonly shownUsd: number
      readonly refills: number
      readonly startMs: number
      readonly endMs: number
      readonly fate: 'held' | 'broken' | 'open'
    }
  | {
      readonly kind: 'liquidation'
      readonly asset: string
      readonly venue: string
      /** Of the position that was closed. */
      readonly side: 'long' | 'short'
      readonly atMs: number
      readonly entryPrice: number
      readonly leverage: number
      readonly liquidationPrice: number
      readonly markPrice: number
      readonly fillPrice: number
      readonly coins: number
      /** At the liquidation price. */
      readonly usd: number
    }
  | {
      readonly kind: 'positions'
      readonly asset: string
      /** The end of the simulation. */
      readonly atMs: number
      /** Venue, side, liquidation price, USD at that price. */
      readonly open: readonly (readonly [venue: string, side: 'long' | 'short', price: number, usd: number])[]
    }

/** An order that takes fewer levels is told as no sweep. */
const SWEEP_LEVELS = 3

export function isSweep(fill: Fill, floorUsd: number): boolean {
  return fill.levels >= SWEEP_LEVELS && fill.usd >= floorUsd
}

/** A taker's order that went through the book, as a row. */
export function sweepRow(asset: string, listing: Listing, isBuy: boolean, fill: Fill, planted: boolean): TruthRow {
  return {
    kind: 'sweep',
    asset,
    venue: venues[listing.venue]!.name,
    side: isBuy ? 'buy' : 'sell',
    startMs: fill.firstMs,
    endMs: fill.lastMs,
    coins: fill.coins,
    usd: fill.usd,
    levels: fill.levels,
    firstPrice: priceOf(fill.firstTick, listing.tickSize),
    lastPrice: priceOf(fill.lastTick, listing.tickSize),
    planted,
  }
}

export type TruthSink = (row: TruthRow) => void

/** Writes rows to a file, one JSON object per line. */
export class TruthFile {
  readonly #path: string
  readonly #file: number

  constructor(path: string) {
    this.#path = path
    this.#file = this.#tried(() => openSync(path, 'w'))
  }

  write(row: TruthRow): void {
    this.#tried(() => writeSync(this.#file, `${JSON.stringify(row)}\n`))
  }

  close(): void {
    this.#tried(() => closeSync(this.#file))
  }

  #tried<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw new LmapError('LMAP_FILE_UNWRITABLE', `cannot write ${this.#path}.`, {
        hint: 'Choose a path that can be written.',
        cause,
      })
    }
  }
}
