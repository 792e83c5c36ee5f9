import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import { assetByName } from './model/assets.ts'
import { type VenueName, venueId, venues } from './model/venues.ts'

/** Addresses that replace a venue's own. */
export type VenueAddresses = Readonly<Partial<Record<VenueName, { socket?: string; rest?: string }>>>

/** What flags take: each reads its text or says in one sentence what it must be. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

export function speed(text: string): number | 'max' {
  const value = Number(text)
  if (text === 'max') return 'max'
  if (value > 0 && value <= 1e6) return value
  throw new InvalidArgumentError('It must be a number above 0, or max.')
}

export function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === '')) throw new InvalidArgumentError('It must be a comma-separated list.')
  return names
}

export function assetNames(text: string): string[] {
  const names = list(text).map((name) => {
    const asset = assetByName(name)
    if (asset === undefined) throw new InvalidArgumentError(`There is no asset ${name}.`)
    return asset.name
  })
  return [...new Set(names)]
}

export function venueNames(text: string): VenueName[] {
  return list(text).map(venueName)
}

export function venueName(text: string): VenueName {
  const venue = venues[venueId(text.toLowerCase())]
  if (venue === undefined) throw new InvalidArgumentError(`There is no venue ${text}.`)
  return venue.name
}

export function venueUrls(text: string): VenueAddresses {
  const urls: Partial<Record<VenueName, { socket?: string; rest?: string }>> = {}
  for (const part of list(text)) {
    const [, name = '', kind = '', url = ''] = /^(\w+)\.(\w+)=(.+)$/.exec(part) ?? []
    const scheme = { socket: /^wss?:$/, rest: /^https?:$/ }[kind]
    if (scheme?.test(URL.parse(url)?.protocol ?? '') !== true) {
      throw new InvalidArgumentError('It must be VENUE.socket=wss://HOST or VENUE.rest=https://HOST.')
    }
    urls[venueName(name)] = { ...urls[venueName(name)], [kind]: url }
  }
  return urls
}

/** Networks as ADDRESS/BITS; an address alone is a network of one. */
export function networks(text: string): string[] {
  return list(text).map((network) => {
    const [address = '', bits, ...more] = network.split('/')
    const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : 0
    // All addresses there are would be nobody in particular.
    if (more.length > 0 || address.includes('%') || prefix < 1 || prefix > most) {
      throw new InvalidArgumentError(`${network} is no network, such as 10.0.0.0/8 or 192.0.2.7.`)
    }
    return `${address}/${prefix}`
  })
}

export function hosts(text: string): string[] {
  return list(text).map((host) => {
    const url = URL.parse(`http://${host}`)
    if (url === null || /[/?#@\\]/.test(host)) {
      throw new InvalidArgumentError(`${host} is no host, such as hooks.example.com or localhost:9000.`)
    }
    // The port of http is left out of an address, but somebody has written it.
    return /:80$/.test(host) ? `${url.hostname}:80` : url.host
  })
}
