import type { Connection } from '../client/connection.ts'
import type { MapStream } from '../client/map-stream.ts'
import { modelStates } from '../model/model-states.ts'
import { formatAge, formatClock, formatTime } from './format.ts'
import type { TimeTravel } from './time-travel.ts'

export interface MapStatus {
  /** Only `live` may look live. */
  readonly kind: 'live' | 'paused' | 'past' | 'waiting' | 'lost' | 'ended'
  /** One or two words. */
  readonly label: string
  /** A sentence to lay over the map; empty while the map itself can be read. */
  readonly detail: string
  /** What is shown is not of now, in a line along its upper edge; else empty. */
  readonly band: string
}

/** A map that was stopped by its reader: since when, and the market's time that it shows. */
export interface Held {
  readonly sinceMs: number
  readonly clockMs: number
}

/** What to say of a map of the past. It stands by itself: a lost connection changes nothing of what was known then. */
export function pastStatus({ wanted, shownMs, map, fault, isReading }: TimeTravel): MapStatus {
  const atMs = wanted!.atMs
  if (fault !== undefined && map === undefined) return veiled('ended', 'Past', `The past cannot be read. ${fault}`)
  if (map === undefined) return veiled('waiting', 'Past', `Reading what was known at ${formatTime(atMs)}…`)
  const isEmpty = map.columns.length === 0 && map.live === undefined
  const rest = isReading ? ' · reading…' : fault === undefined ? '' : ` · not read: ${fault}`
  const said = isEmpty ? `NOTHING IS KNOWN OF ${formatTime(shownMs)}` : `AS KNOWN AT ${formatTime(shownMs)}`
  const forecast = map.modelState === 0 ? 'no forecast' : `forecast ${modelStates[map.modelState]}`
  const model = isEmpty ? '' : ` · ${forecast}`
  return { kind: 'past', label: 'Past', detail: '', band: `${said}${model}${rest}` }
}

/** What to say of a map, given where its data comes from. */
export function mapStatus(
  connection: Connection,
  stream: MapStream | undefined,
  nowMs: number,
  held?: Held,
): MapStatus {
  const { map } = stream ?? {}
  const asOf = map !== undefined && map.clockMs > 0 ? ` Map as of ${formatClock(map.clockMs)}.` : ''
  if (connection.state === 'closed') {
    const why = connection.fault ?? 'the connection has ended'
    return veiled('ended', 'Closed', `Closed by the server: ${why}. Reload to try again.${asOf}`)
  }
  if (held !== undefined) {
    const isLost = connection.state !== 'open' ? ' · the connection is lost' : ''
    const age = formatAge(nowMs - held.sinceMs)
    return {
      kind: 'paused',
      label: 'Paused',
      detail: '',
      band: `PAUSED ${age} ago · as of ${formatClock(held.clockMs)}${isLost}`,
    }
  }
  if (connection.state === 'retrying') {
    const wait = formatAge(connection.retryAtMs - nowMs)
    return veiled('lost', 'Reconnecting', `Connection lost. Next try in ${wait}.${asOf}`)
  }
  if (connection.state === 'connecting') {
    const label = connection.fault === undefined ? 'Connecting' : 'Reconnecting'
    return veiled('lost', label, `${label}…${asOf}`)
  }
  if (stream === undefined) return veiled('waiting', 'Connected', 'Choosing a market…')
  if (stream.state === 'refused') {
    return veiled('ended', 'Refused', `The server refused this map: ${stream.refusal?.message}`)
  }
  if (stream.state === 'stale') {
    const age = formatAge(nowMs - stream.frameMs)
    return veiled('lost', 'Stale', `No data for ${age}.${asOf}`)
  }
  if (stream.state !== 'live') return veiled('waiting', 'Loading', `Loading the map…${asOf}`)
  if (stream.map.live === undefined && stream.map.columns.length === 0) {
    return veiled('waiting', 'No price yet', 'No price is known yet. The map starts with the first one.')
  }
  return { kind: 'live', label: 'Live', detail: '', band: '' }
}

function veiled(kind: 'waiting' | 'lost' | 'ended', label: string, detail: string): MapStatus {
  return { kind, label, detail, band: '' }
}
