import http from 'node:http'
import https from 'node:https'

/** The proxy variables of the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in upper or lower case. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>

/** What opens connections for requests and sockets, through the proxy that the environment names. */
export interface Agents {
  of(url: URL): http.Agent
  close(): void
}

/** Node's agents read proxies since 22.21; its types do not say so yet. */
type AgentOptions = http.AgentOptions & { proxyEnv?: ProxyEnv }

export function createAgents(proxyEnv: ProxyEnv): Agents {
  const options: AgentOptions = { keepAlive: true, proxyEnv }
  const plain = new http.Agent(options)
  const secure = new https.Agent(options)
  return {
    of: (url) => (url.protocol === 'https:' || url.protocol === 'wss:' ? secure : plain),
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}
