import { BlockList, isIP } from 'node:net'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

/** Where a rule's deliveries go, and what they are signed with. */
export interface Webhook {
  readonly url: string
  /** Never leaves the process but as a signature, and the data folder. */
  readonly secret: string
}

export interface Address {
  readonly address: string
  readonly family: number
}

/** Which hosts may be called: `hooks.example.com` or `127.0.0.1:9000`, as given by --webhook-hosts. */
export interface TargetRules {
  readonly hosts: readonly string[]
  /** Addresses of this machine and of private networks too. */
  readonly isPrivateAllowed: boolean
}

const defaultPorts: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' }

/** Networks that no stranger may reach through us: loopback, private, link-local, shared, test, multicast, mapped. */
const inner = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const network of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/32',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/9',
  'ff00::/8',
]) {
  const [address, prefix] = network.split('/') as [string, string]
  // Two lists: one of both would take every IPv4 address for a mapped one.
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  inner[family].addSubnet(address, Number(prefix), family)
}

/** Reads a rule's webhook; throws LMAP_REQUEST_INVALID, or LMAP_WEBHOOK_REFUSED where its host may not be called. */
export function readWebhook(value: unknown, rules: TargetRules): Webhook {
  if (typeof value !== 'object' || value === null) throw fault('webhook is missing, {"url": ..., "secret": ...}')
  const { url, secret, ...more } = value as Record<string, unknown>
  const [extra] = Object.keys(more)
  if (extra !== undefined) throw fault(`webhook has no ${JSON.stringify(extra.slice(0, 40))}, but url and secret`)
  const { webhookSecretCharsMin: least, webhookSecretCharsMax: most } = limits
  // What is signed with it must be the same to every receiver, whatever it takes text for.
  const isSecret = typeof secret === 'string' && secret.length >= least && secret.length <= most
  if (!isSecret || !/^[\x21-\x7e]+$/.test(secret)) {
    throw fault(`webhook.secret has ${least} to ${most} plain characters without spaces`)
  }
  return { url: targetOf(url, rules).href, secret }
}

/** The address as it may be called by name; what the name leads to is looked at before each call. */
export function targetOf(text: unknown, { hosts }: TargetRules): URL {
  const isShort = typeof text === 'string' && text.length <= limits.webhookUrlCharsMax
  const url = isShort ? URL.parse(text) : null
  if (url === null || defaultPorts[url.protocol] === undefined) {
    throw fault(`webhook.url is an address of http or https with at most ${limits.webhookUrlCharsMax} characters`)
  }
  if (url.username !== '' || url.password !== '') throw fault('webhook.url has no name or password in it')
  const port = url.port === '' ? defaultPorts[url.protocol]! : url.port
  const isAllowed = hosts.some(
    (host) => host === `${url.hostname}:${port}` || (host === url.hostname && url.port === ''),
  )
  if (!isAllowed) throw refused(`${url.host} is not among the hosts that may be called.`)
  url.hash = ''
  return url
}

/** Picks the address to call out of what a name leads to; throws where any of them may not be called. */
export function addressToCall(found: readonly Address[], { isPrivateAllowed }: TargetRules): Address {
  const [first] = found
  if (first === undefined) throw refused('the name of the host leads nowhere.')
  // One bad address spoils all: else a name with two of them decides by chance.
  if (!isPrivateAllowed && found.some(isInner)) throw refused('the host leads into a private network.')
  return first
}

/** Whether an address belongs to no public network. */
export function isInner({ address, family }: Address): boolean {
  return family === 6 ? inner.ipv6.check(address, 'ipv6') : inner.ipv4.check(address, 'ipv4')
}

function fault(what: string): LmapError {
  return new LmapError('LMAP_REQUEST_INVALID', `${what}.`, { hint: 'docs/alerts.md describes rules.' })
}

function refused(what: string): LmapError {
  return new LmapError('LMAP_WEBHOOK_REFUSED', what, {
    hint: 'It is for who starts the server to allow: --webhook-hosts.',
  })
}
