import type { MarketEvent, SampleBook, SampleMarket } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

interface Arg {
  readonly channel: string
  readonly instId?: string
  readonly instType?: string
}

/** OKX v5: each argument of a request is answered by itself; a book begins with a snapshot in its own stream. */
export const okxScript: VenueScript = {
  venue: 'okx',
  bookTopic: (symbol) => `books:${symbol}`,
  message(text, client, market) {
    if (text === 'ping') {
      client.send('pong')
      return
    }
    const { id, op, args } = JSON.parse(text) as { id: string; op: string; args: Arg[] }
    for (const arg of args) {
      const { channel, instId, instType } = arg
      if (op === 'subscribe' && !isKnown(arg, market)) {
        const msg = `Wrong URL or channel:${channel},instId:${instId} doesn't exist. Please use the correct URL.`
        client.send(JSON.stringify({ id, event: 'error', code: '60018', msg, connId: '4ccb5e4f' }))
        continue
      }
      client.send(JSON.stringify({ id, event: op, arg, connId: '4ccb5e4f' }))
      const topic = `${channel}:${instId ?? instType}`
      if (op === 'subscribe') client.subscribe(topic)
      else client.unsubscribe(topic)
    }
  },
  isServed: (_topic, path) => path === '/ws/v5/public',
  frames,
  first(topic, market, nowMs) {
    const [channel, symbol = ''] = topic.split(':')
    const of = market.book(symbol)
    if (of === undefined) return []
    if (channel === 'books') return [book(of, 'snapshot', rows(of, 0), rows(of, 1), -1, nowMs)]
    return channel === 'mark-price' || channel === 'open-interest' ? [ticker(channel, of, nowMs)] : []
  },
  rest: () => undefined,
  tooMany: { status: 429, headers: {}, body: '{"code":"50011","msg":"Too Many Requests","data":[]}' },
}

function isKnown({ channel, instId, instType }: Arg, market: SampleMarket): boolean {
  return channel === 'liquidation-orders' ? instType === 'SWAP' : market.book(instId ?? '') !== undefined
}

type Row = [price: string, contracts: string, deprecated: string, orders: string]

function rowOf(price: string, contracts: string): Row {
  return [price, contracts, '0', contracts === '0' ? '0' : '1']
}

function rows(of: SampleBook, side: 0 | 1): Row[] {
  return of.rows(side).map(([price, size]) => rowOf(price, size))
}

function book(of: SampleBook, action: string, bids: Row[], asks: Row[], prevSeqId: number, nowMs: number): string {
  const data = [{ asks, bids, ts: String(Math.floor(nowMs)), checksum: 0, seqId: of.update, prevSeqId }]
  return JSON.stringify({ arg: { channel: 'books', instId: of.symbol }, action, data })
}

function ticker(channel: string, of: SampleBook, nowMs: number): string {
  const ts = String(Math.floor(nowMs))
  const contracts = Number(of.size(of.openUnits))
  const row =
    channel === 'mark-price'
      ? { markPx: of.price(of.mid) }
      : { oi: String(contracts), oiCcy: String(contracts * of.market.perUnit), oiUsd: '0' }
  const arg = { channel, instId: of.symbol }
  return JSON.stringify({ arg, data: [{ instType: 'SWAP', instId: of.symbol, ...row, ts }] })
}

function frames(event: MarketEvent, nowMs: number): TopicFrame[] {
  const { of } = event
  const ts = String(Math.floor(nowMs))
  switch (event.kind) {
    case 'depth': {
      const changed = (side: 0 | 1): Row[] =>
        event.changes.filter((one) => one.side === side).map(({ tick, units }) => rowOf(of.price(tick), of.size(units)))
      const text = book(of, 'update', changed(0), changed(1), of.update - 1, nowMs)
      return [{ topic: `books:${of.symbol}`, text }]
    }
    case 'trade': {
      const { side, tick, units, id } = event.print
      const arg = { channel: 'trades', instId: of.symbol }
      const row = {
        px: of.price(tick),
        sz: of.size(units),
        side: side === 0 ? 'buy' : 'sell',
        ts,
        count: '1',
        source: '0',
      }
      const data = [{ instId: of.symbol, tradeId: String(id), ...row, seqId: id }]
      return [{ topic: `trades:${of.symbol}`, text: JSON.stringify({ arg, data }) }]
    }
    case 'liquidation': {
      const { side, tick, units } = event.print
      // The order that closes a long sells.
      const order = { side: side === 0 ? 'sell' : 'buy', posSide: 'net', bkPx: of.price(tick), sz: of.size(units) }
      const details = [{ ...order, bkLoss: '0', ccy: '', ts }]
      const data = [{ instType: 'SWAP', instId: of.symbol, instFamily: of.symbol.replace('-SWAP', ''), details }]
      const arg = { channel: 'liquidation-orders', instType: 'SWAP' }
      return [{ topic: 'liquidation-orders:SWAP', text: JSON.stringify({ arg, data }) }]
    }
    case 'ticker':
      return ['mark-price', 'open-interest'].map((channel) => ({
        topic: `${channel}:${of.symbol}`,
        text: ticker(channel, of, nowMs),
      }))
  }
}
