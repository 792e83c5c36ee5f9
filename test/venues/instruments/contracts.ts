import type { VenueName } from '../../../src/model/venues.ts'
import type { Contract } from './rest-exchange.ts'

/** Three coins as the five venues list them: a plain one, one counted in thousands by some, and one that some lack. */
export function threeCoins(): Record<VenueName, Contract[]> {
  return {
    binance: [
      { symbol: 'BTCUSDT', base: 'BTC', price: 80_000, tick: '0.10', openInterest: 90_000 },
      { symbol: '1000PEPEUSDT', base: '1000PEPE', price: 0.004, tick: '0.0000001', openInterest: 5e9 },
      { symbol: 'XMRUSDT', base: 'XMR', price: 400, tick: '0.01', openInterest: 10_000 },
    ],
    bybit: [
      { symbol: 'BTCUSDT', base: 'BTC', price: 80_010, tick: '0.10', openInterest: 50_000 },
      { symbol: '1000PEPEUSDT', base: '1000PEPE', price: 0.004001, tick: '0.0000001', openInterest: 2e9 },
      { symbol: 'XMRUSDT', base: 'XMR', price: 400.2, tick: '0.01', openInterest: 5_000 },
    ],
    okx: [
      { symbol: 'BTC-USDT-SWAP', base: 'BTC', price: 80_005, tick: '0.1', openInterest: 3e6, contractValue: '0.01' },
      {
        symbol: 'PEPE-USDT-SWAP',
        base: 'PEPE',
        price: 0.000004,
        tick: '0.000000001',
        openInterest: 1e6,
        contractValue: '10000000',
      },
    ],
    bitget: [
      { symbol: 'BTCUSDT', base: 'BTC', price: 79_990, tick: '0.1', openInterest: 20_000 },
      { symbol: 'PEPEUSDT', base: 'PEPE', price: 0.000004, tick: '0.0000000001', openInterest: 1e12 },
    ],
    hyperliquid: [
      { symbol: 'BTC', base: 'BTC', price: 80_020, tick: '', openInterest: 30_000 },
      { symbol: 'kPEPE', base: 'kPEPE', price: 0.004, tick: '', openInterest: 1e9 },
      { symbol: 'XMR', base: 'XMR', price: 399.9, tick: '', openInterest: 2_000 },
    ],
  }
}
