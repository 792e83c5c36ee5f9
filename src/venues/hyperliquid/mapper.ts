import { limits } from '../../model/limits.ts'
import { createMapper, type Mapper, type MapperOptions, type RestKind } from '../mapper.ts'
import type { MapperContext } from '../mapper-context.ts'
import { counterOf, type Fields, fieldsOf, listOf, numberOf, sideOf, textOf } from '../mapper-fields.ts'
import { Levels } from '../mapper-levels.ts'
import type { Market } from '../mapper-market.ts'
import { Remembered } from '../remembered.ts'

const ROW = { price: 'px', size: 'sz' } as const

/** Hyperliquid perpetuals. Every book frame is whole as far as it goes; there are no liquidations. */
export function createHyperliquidMapper(options: MapperOptions = {}): Mapper {
  /** Names by asset id, from the REST answer `meta`: `assetCtxs` comes as a bare list in this order. */
  let universe: readonly string[] = []
  const trades = new Remembered()
  /** Markets that were seen to quote finer than our tick. */
  const fine = new Set<Market>()

  function message(value: unknown, context: MapperContext): void {
    const frame = fieldsOf(value)
    switch (frame.channel) {
      case 'l2Book':
        book(fieldsOf(frame.data), fine, context)
        return
      case 'trades':
        for (const row of listOf(frame.data)) trade(fieldsOf(row), trades, context)
        return
      case 'activeAssetCtx': {
        const data = fieldsOf(frame.data)
        assetContext(textOf(data.coin), fieldsOf(data.ctx), context)
        return
      }
      case 'assetCtxs': {
        const data = fieldsOf(frame.data)
        // Other markets than the first, nameless one have other collateral.
        if (data.dex !== undefined && data.dex !== '') {
          context.ignore()
          return
        }
        contexts(listOf(data.ctxs), context)
        return
      }
      case 'allDexsAssetCtxs':
        for (const entry of listOf(fieldsOf(frame.data).ctxs)) {
          const [dex, rows] = listOf(entry)
          if (dex === '') contexts(listOf(rows), context)
        }
        return
      case 'error':
        context.counts.rejected++
        return
      default:
        context.ignore()
        return
    }
  }

  function contexts(rows: readonly unknown[], context: MapperContext): void {
    if (universe.length === 0) {
      context.ignore()
      return
    }
    for (const [index, row] of rows.entries()) {
      const coin = universe[index]
      if (coin !== undefined) assetContext(coin, fieldsOf(row), context)
    }
  }

  function rest(kind: RestKind, _symbol: string, body: unknown, context: MapperContext): void {
    if (kind === 'book') {
      book(fieldsOf(body), fine, context)
      return
    }
    if (kind === 'meta') universe = listOf(fieldsOf(body).universe).map((row) => textOf(fieldsOf(row).name))
    else context.ignore()
  }

  return createMapper({ venue: 'hyperliquid', parse, message, rest, reset() {} }, options)
}

/** The first frame of a connection can be a plain sentence. */
function parse(raw: string): unknown {
  return raw.startsWith('Websocket connection') ? { channel: 'greeting' } : JSON.parse(raw)
}

function book(data: Fields, fine: Set<Market>, context: MapperContext): void {
  const market = context.market(textOf(data.coin))
  if (market === undefined) return
  context.book(market, (chain) => {
    const venueMs = numberOf(data.time)
    // A frame that was overtaken. One that seems far too old means that the venue's clock was wrong before.
    const lateMs = (chain.last as number) - venueMs
    if (chain.isLive && lateMs > 0 && lateMs <= limits.clockSkewMsMax) return context.ignore()
    const [bids, asks] = listOf(data.levels)
    const all = context.levels(market, bids, asks, ROW)
    // Five fast levels say nothing of what lies behind them, twenty slow ones are all that is known.
    const isWhole = data.fast !== true
    if (all.exacts.some((exact, index) => exact !== all.ticks[index])) fine.add(market)
    const levels = isWhole || !fine.has(market) ? all : withoutTornTicks(all)
    chain.last = venueMs
    if (chain.isLive) chain.merge(levels, isWhole, context.receiveMs, venueMs, context.out)
    else chain.snapshot(levels, context.receiveMs, venueMs, context.out)
  })
}

/**
 * Where the venue quotes finer than our tick, the outermost tick of a frame that goes no further may hold more than the
 * frame says: what is known of it stays.
 */
function withoutTornTicks(levels: Levels): Levels {
  const kept = new Levels()
  // Best first on both sides.
  const edges = [0, 1].map((side) => levels.ticks[levels.sides.lastIndexOf(side)])
  for (const [index, side] of levels.sides.entries()) {
    if (levels.ticks[index] !== edges[side]) kept.add(side, levels.exacts[index]!, levels.coins[index]!)
  }
  return kept
}

function trade(row: Fields, seen: Remembered, context: MapperContext): void {
  const market = context.market(textOf(row.coin))
  if (market === undefined) return
  const timeMs = numberOf(row.time)
  // The first frame after subscribing repeats recent trades. Recordings may have no id: nothing to compare then.
  if (row.tid !== undefined && !seen.isNew(market.symbol, `${timeMs}:${counterOf(row.tid)}`)) {
    context.ignore()
    return
  }
  context.out.begin(market, context.receiveMs, timeMs)
  context.trade(market, sideOf(row.side, 'B', 'A'), row.px, row.sz, timeMs)
  context.out.end()
}

function assetContext(coin: string, row: Fields, context: MapperContext): void {
  const market = context.market(coin)
  if (market === undefined) return
  // These frames carry no time of their own.
  context.mark(market, row.markPx, context.receiveMs)
  context.openInterest(market, row.openInterest, true, context.receiveMs)
}
