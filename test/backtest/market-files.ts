import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { prng } from '../reference/prng.ts'

const HOUR_MS = 3_600_000
const FIVE_MS = 300_000
const STEPS_PER_HOUR = 12

export interface MarketFiles {
  readonly bars: string
  readonly oi: string
  readonly liquidations: string
}

/**
 * Files of a made-up market, as many hours as asked for from `fromMs` on: a random walk whose hours liquidate the more
 * the further they reach. Marks every five minutes, or every hour where that will do.
 */
export function writeMarket(
  folder: string,
  name: string,
  seed: number,
  { hours, fromMs, price: start, coarse = true }: { hours: number; fromMs: number; price: number; coarse?: boolean },
): MarketFiles {
  const random = prng(seed)
  const bars = ['timestamp,high,low,close,quote_volume']
  const oi = ['t,oi,oi_usd']
  const liquidations = ['timestamp,liquidation_long_usd,liquidation_short_usd']
  let price = start
  oi.push(`${fromMs},1000,${1000 * price}`)
  for (let hour = 0; hour < hours; hour++) {
    const openMs = fromMs + hour * HOUR_MS
    const open = price
    let [low, high] = [price, price]
    for (let i = 1; i <= STEPS_PER_HOUR; i++) {
      price *= Math.exp((random() - 0.5) * 0.004)
      low = Math.min(low, price)
      high = Math.max(high, price)
      if (!coarse || i === STEPS_PER_HOUR) {
        const coins = 1_000 + 20 * random()
        oi.push(`${openMs + i * FIVE_MS},${coins},${coins * price}`)
      }
    }
    bars.push(`${openMs},${high * 1.0005},${low * 0.9995},${price},${5e6 * random()}`)
    const usd = (reach: number): number => 4e7 * Math.max(0, reach) * (0.5 + random())
    liquidations.push(`${openMs},${usd(1 - low / open)},${usd(high / open - 1)}`)
  }
  const paths = { bars: `${name}-bars.csv`, oi: `${name}-oi.csv.gz`, liquidations: `${name}-liquidations.csv` }
  writeFileSync(join(folder, paths.bars), `${bars.join('\n')}\n`)
  writeFileSync(join(folder, paths.oi), gzipSync(`${oi.join('\n')}\n`))
  writeFileSync(join(folder, paths.liquidations), `${liquidations.join('\n')}\n`)
  return {
    bars: join(folder, paths.bars),
    oi: join(folder, paths.oi),
    liquidations: join(folder, paths.liquidations),
  }
}
