import { connect } from '../client/connection.ts'
import { AlertApi } from './alert-api.ts'
import { AlertDialog } from './alert-dialog.ts'
import { LiquidityApp } from './app.ts'
import { AssetPicker } from './asset-picker.ts'
import { keyHeaders, loadCatalogue } from './catalogue.ts'
import { EarlyMaps } from './early-maps.ts'
import { KEY_VERSION, KeyStore } from './key-store.ts'
import { LiquidityMap } from './liquidity-map.ts'
import { MapPanes } from './map-panes.ts'
import { ReportPanel } from './report-panel.ts'
import { loadScore } from './score.ts'
import { SETTINGS_VERSION, SettingsStore } from './settings.ts'
import { Stored, storageOf } from './stored.ts'
import { TimeBar } from './time-bar.ts'

const RETRY_MS = 2000
/** The page is built without its map where that takes longer. */
const FIRST_MAP_MS = 250

customElements.define('alert-dialog', AlertDialog)
customElements.define('asset-picker', AssetPicker)
customElements.define('liquidity-map', LiquidityMap)
customElements.define('map-panes', MapPanes)
customElements.define('time-bar', TimeBar)
customElements.define('report-panel', ReportPanel)
customElements.define('liquidity-app', LiquidityApp)
void start(document.querySelector<LiquidityApp>('liquidity-app')!)

async function start(app: LiquidityApp): Promise<void> {
  const url = new URL('/stream', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.hash = ''
  const storage = storageOf(() => localStorage)
  const settings = new SettingsStore(new Stored(storage, 'settings', SETTINGS_VERSION))
  document.documentElement.dataset.theme = settings.value.theme
  const tab = storageOf(() => sessionStorage)
  const keys = new KeyStore(new Stored(tab, 'key', KEY_VERSION), new Stored(storage, 'key', KEY_VERSION))
  const { key } = keys
  // The socket opens while the catalogue is on its way.
  const connection = connect({ url: url.href, key, now: Date.now, random: Math.random })
  const early = new EarlyMaps(connection, () => (location.hash === '' ? settings.hash : location.hash))
  for (;;) {
    try {
      const catalogue = await loadCatalogue(location.href, key)
      // Built before its map is there, the page would be painted twice.
      await Promise.race([early.first, new Promise((resolve) => setTimeout(resolve, FIRST_MAP_MS))])
      app.start({
        catalogue,
        connection,
        loadScore: (asset) => loadScore(location.href, asset, key),
        settings,
        storage,
        keys,
        alerts: new AlertApi(location.href, keyHeaders(key)),
        now: Date.now,
      })
      early.close()
      return
    } catch (error) {
      app.notice = `Waiting for the server: ${(error as Error).message}.`
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}
