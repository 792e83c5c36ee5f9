import { embeddedMap } from './embedded-map.ts'
import { Servers } from './servers.ts'

/** <script src="https://SERVER/embed.js"></script>: defines <liquidity-map> on a page that is not ours. */
const NAME = 'liquidity-map'
const script = document.currentScript
const home = script instanceof HTMLScriptElement && script.src !== '' ? new URL(script.src).origin : location.origin

// A page that has the script twice has the element once.
if (customElements.get(NAME) === undefined) {
  customElements.define(NAME, embeddedMap(new Servers(Date.now, Math.random), home))
}
