import type { MarketEvent, SampleBook } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

/** Bybit v5 linear: one bad topic has its whole request refused; a book begins with a snapshot in its own stream. */
export const bybitScript: VenueScript = {
  venue: 'bybit',
  bookTopic: (symbol) => `orderbook.200.${symbol}`,
  message(text, client, market) {
    const { op, args = [], req_id } = JSON.parse(text) as { op: string; args?: string[]; req_id?: string }
    const answer = { success: true, ret_msg: '', conn_id: '2324d924', ...(req_id && { req_id }), op }
    if (op === 'ping') {
      client.send(JSON.stringify({ ...answer, ret_msg: 'pong' }))
      return
    }
    const bad = args.find((topic) => market.book(topic.slice(topic.lastIndexOf('.') + 1)) === undefined)
    if (bad !== undefined && op === 'subscribe') {
      client.send(JSON.stringify({ ...answer, success: false, ret_msg: `error:handler not found,topic:${bad}` }))
      return
    }
    client.send(JSON.stringify(answer))
    for (const topic of args) op === 'subscribe' ? client.subscribe(topic) : client.unsubscribe(topic)
  },
  frames,
  first(topic, market, nowMs) {
    const of = market.book(topic.slice(topic.lastIndexOf('.') + 1))
    if (of === undefined) return []
    if (topic.startsWith('tickers.')) return [ticker(of, 'snapshot', nowMs)]
    return topic.startsWith('orderbook.') ? [book(of, 'snapshot', of.rows(0), of.rows(1), nowMs)] : []
  },
  rest: () => undefined,
  tooMany: { status: 403, headers: {}, body: 'access too frequent' },
}

function book(of: SampleBook, type: string, b: unknown, a: unknown, nowMs: number): string {
  const atMs = Math.floor(nowMs)
  const data = { s: of.symbol, b, a, u: of.update, seq: of.update * 3 }
  return JSON.stringify({ topic: `orderbook.200.${of.symbol}`, type, ts: atMs, data, cts: atMs })
}

function ticker(of: SampleBook, type: string, nowMs: number): string {
  const open = of.size(of.openUnits)
  const data = { symbol: of.symbol, markPrice: of.price(of.mid), singleOpenInterest: open, openInterest: open }
  return JSON.stringify({ topic: `tickers.${of.symbol}`, type, cs: of.update, ts: Math.floor(nowMs), data })
}

function frames(event: MarketEvent, nowMs: number): TopicFrame[] {
  const { of } = event
  const atMs = Math.floor(nowMs)
  if (event.kind === 'ticker') return [{ topic: `tickers.${of.symbol}`, text: ticker(of, 'delta', nowMs) }]
  if (event.kind === 'depth') {
    const rows = (side: 0 | 1) =>
      event.changes.filter((one) => one.side === side).map(({ tick, units }) => [of.price(tick), of.size(units)])
    return [{ topic: `orderbook.200.${of.symbol}`, text: book(of, 'delta', rows(0), rows(1), nowMs) }]
  }
  const { side, tick, units, id } = event.print
  // Of a liquidation it is the position's side: Buy means that a long was closed.
  const row = { T: atMs, s: of.symbol, S: side === 0 ? 'Buy' : 'Sell', v: of.size(units), p: of.price(tick) }
  const topic = `${event.kind === 'trade' ? 'publicTrade' : 'allLiquidation'}.${of.symbol}`
  const data = [event.kind === 'trade' ? { ...row, i: `trade-${id}`, BT: false, seq: id } : row]
  return [{ topic, text: JSON.stringify({ topic, type: 'snapshot', ts: atMs, data }) }]
}
