import { PriceKind } from '../../model/events.ts'
import type { Outbox } from './outbox.ts'

/** What a venue tells of a forced order. */
export interface ForcedOrder {
  side: number
  coins: number
  /** Mean price of its fills. */
  fillTick: number
  bankruptcyTick: number
}

/** How a venue publishes: which of the forced orders of a window, and which of the prices. */
interface Rule {
  /** Of one window at most one is told; 0: every one, at once. */
  readonly windowMs: number
  readonly keeps: 'largest' | 'last'
  /** One per window and side, not one per window. */
  readonly bySide: boolean
  readonly priceKind: number
}

/** By venue id; Hyperliquid has no public feed. */
const RULES: readonly (Rule | undefined)[] = [
  { windowMs: 1_000, keeps: 'largest', bySide: false, priceKind: PriceKind.fill },
  { windowMs: 0, keeps: 'largest', bySide: true, priceKind: PriceKind.bankruptcy },
  { windowMs: 1_000, keeps: 'last', bySide: false, priceKind: PriceKind.bankruptcy },
  { windowMs: 1_000, keeps: 'largest', bySide: true, priceKind: PriceKind.unstated },
  undefined,
]

/** Publishes the forced orders of one asset on one venue as that venue would. */
export class LiquidationFeed {
  readonly #rule: Rule | undefined
  readonly #waiting: [ForcedOrder | undefined, ForcedOrder | undefined] = [undefined, undefined]
  #windowEndMs = 0

  constructor(venue: number) {
    this.#rule = RULES[venue]
  }

  /** True where the end of a window is due and something was kept. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#windowEndMs && (this.#waiting[0] !== undefined || this.#waiting[1] !== undefined)
  }

  report(order: ForcedOrder, nowMs: number, outbox: Outbox): void {
    const rule = this.#rule
    if (rule === undefined) return
    if (rule.windowMs === 0) {
      publish(order, rule, outbox)
      return
    }
    this.#windowEndMs = (Math.floor(nowMs / rule.windowMs) + 1) * rule.windowMs
    const slot = rule.bySide && order.side === 1 ? 1 : 0
    const kept = this.#waiting[slot]
    if (kept === undefined || rule.keeps === 'last' || order.coins > kept.coins) this.#waiting[slot] = order
  }

  flush(nowMs: number, outbox: Outbox): void {
    const rule = this.#rule
    if (rule === undefined || !this.isDue(nowMs)) return
    for (const slot of [0, 1] as const) {
      const order = this.#waiting[slot]
      this.#waiting[slot] = undefined
      if (order !== undefined) publish(order, rule, outbox)
    }
  }
}

function publish(order: ForcedOrder, rule: Rule, outbox: Outbox): void {
  const tick = rule.priceKind === PriceKind.bankruptcy ? order.bankruptcyTick : order.fillTick
  outbox.liquidation(order.side, rule.priceKind, tick, order.coins)
}
