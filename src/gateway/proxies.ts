import { BlockList, isIP } from 'node:net'

/** Whether what comes from an address was passed on by a proxy of ours, so that its word for who asks is believed. */
export type IsProxy = (address: string) => boolean

/** Of networks as --proxies names them, such as 10.0.0.0/8. Undefined without any: then nobody is believed. */
export function proxiesOf(networks: readonly string[]): IsProxy | undefined {
  if (networks.length === 0) return undefined
  const known = new BlockList()
  for (const network of networks) {
    const [address, prefix] = network.split('/') as [string, string]
    known.addSubnet(address, Number(prefix), familyOf(address))
  }
  return (address) => isIP(address) !== 0 && known.check(address, familyOf(address))
}

/**
 * Who asks through proxies: each of them has written down behind the others' words from whom it was asked, so the last
 * address that is none of theirs is the visitor. What stands before it is the visitor's own word.
 */
export function visitorOf(peer: string, forwarded: string, isProxy: IsProxy): string {
  let visitor = peer
  for (const hop of forwarded.split(',').reverse()) {
    if (!isProxy(visitor)) break
    const address = withoutPort(hop.trim())
    // Nobody of ours writes anything else: what a proxy did not say is not guessed.
    if (isIP(address) === 0 || address.includes('%')) break
    visitor = address
  }
  return visitor
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

/** Some proxies write 192.0.2.7:4711 and [2001:db8::7]:4711. */
function withoutPort(hop: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?$/.exec(hop) ?? []
  return (bracketed ?? plain ?? hop).toLowerCase()
}
