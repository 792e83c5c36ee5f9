import { connect } from '../client/connection.ts'
import { LiquidityApp } from './app.ts'
import { AssetPicker } from './asset-picker.ts'
import { loadCatalogue } from './catalogue.ts'
import { LiquidityMap } from './liquidity-map.ts'
import { loadScore } from './score.ts'

const RETRY_MS = 2000

customElements.define('asset-picker', AssetPicker)
customElements.define('liquidity-map', LiquidityMap)
customElements.define('liquidity-app', LiquidityApp)
void start(document.querySelector<LiquidityApp>('liquidity-app')!)

async function start(app: LiquidityApp): Promise<void> {
  for (;;) {
    try {
      const catalogue = await loadCatalogue(location.href)
      const url = new URL('/stream', location.href)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      url.hash = ''
      app.start({
        catalogue,
        connection: connect({ url: url.href, now: Date.now, random: Math.random }),
        loadScore: (asset) => loadScore(location.href, asset),
        now: Date.now,
      })
      return
    } catch (error) {
      app.notice = `Waiting for the server: ${(error as Error).message}.`
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}
