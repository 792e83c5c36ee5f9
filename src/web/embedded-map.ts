import { LiquidityMap } from './liquidity-map.ts'
import { modelBadge } from './model-badge.ts'
import type { Lease, Servers } from './servers.ts'

const SERVER_ATTRIBUTES = ['server', 'key']

/**
 * Makes the element for pages that are not ours: it connects by itself, to the server of its attribute or to the one that the
 * script came from, and maps of one server share a connection.
 */
export function embeddedMap(servers: Servers, home: string): CustomElementConstructor {
  return class EmbeddedMap extends LiquidityMap {
    static override readonly observedAttributes = [...LiquidityMap.observedAttributes, ...SERVER_ATTRIBUTES]
    #lease: Lease | undefined
    readonly #model = document.createElement('span')
    #showModel: ReturnType<typeof modelBadge> | undefined
    #clock: ReturnType<typeof setInterval> | undefined

    override connectedCallback(): void {
      super.connectedCallback()
      this.#join()
      // Ages grow without data too.
      this.#clock = setInterval(() => this.refreshStatus(), 1000)
    }

    override disconnectedCallback(): void {
      clearInterval(this.#clock)
      this.#leave()
      super.disconnectedCallback()
    }

    override attributeChangedCallback(name: string, before: string | null, after: string | null): void {
      super.attributeChangedCallback(name, before, after)
      if (!SERVER_ATTRIBUTES.includes(name) || before === after || !this.isConnected) return
      this.#leave()
      this.#join()
    }

    #join(): void {
      const text = this.getAttribute('server') ?? home
      // Where the page is not at a web address, a relative one means nothing.
      if (!URL.canParse(text, document.baseURI) || !/^https?:$/.test(new URL(text, document.baseURI).protocol)) {
        this.notice = `The server of this map is no web address: ${text}`
        return
      }
      const lease = servers.lease(new URL(text, document.baseURI).origin, this.getAttribute('key') ?? undefined)
      this.#lease = lease
      lease.onFault((reason) => {
        if (this.#lease === lease) this.notice = `Waiting for the server: ${reason}.`
      })
      void lease.server.then(({ options, loadScore }) => {
        if (this.#lease !== lease) return
        this.#showModel = modelBadge(this.#model, loadScore, options.now)
        this.addEventListener('mapchange', this.#tellModel)
        this.notice = ''
        this.start(options)
      })
    }

    readonly #tellModel = (): void => {
      if (this.#showModel === undefined || this.stream === undefined) return
      this.#showModel(this.stream.asset, this.shown?.modelState ?? 0)
      this.modelText = this.#model.textContent ?? ''
    }

    #leave(): void {
      this.stop()
      this.#showModel = undefined
      this.#lease?.release()
      this.#lease = undefined
    }
  }
}
