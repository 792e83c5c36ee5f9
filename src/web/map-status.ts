import type { Connection } from '../client/connection.ts'
import type { MapStream } from '../client/map-stream.ts'
import { formatAge, formatClock } from './format.ts'

export interface MapStatus {
  /** Only `live` may look live. */
  readonly kind: 'live' | 'waiting' | 'lost' | 'ended'
  /** One or two words. */
  readonly label: string
  /** A sentence to lay over the map; empty while it is live. */
  readonly detail: string
}

/** What to say of a map, given where its data comes from. */
export function mapStatus(connection: Connection, stream: MapStream | undefined, nowMs: number): MapStatus {
  const { map } = stream ?? {}
  const asOf = map !== undefined && map.clockMs > 0 ? ` Map as of ${formatClock(map.clockMs)}.` : ''
  if (connection.state === 'closed') {
    const why = connection.fault ?? 'the connection has ended'
    return { kind: 'ended', label: 'Closed', detail: `Closed by the server: ${why}. Reload to try again.${asOf}` }
  }
  if (connection.state === 'retrying') {
    const wait = formatAge(connection.retryAtMs - nowMs)
    return { kind: 'lost', label: 'Reconnecting', detail: `Connection lost. Next try in ${wait}.${asOf}` }
  }
  if (connection.state === 'connecting') {
    const label = connection.fault === undefined ? 'Connecting' : 'Reconnecting'
    return { kind: 'lost', label, detail: `${label}…${asOf}` }
  }
  if (stream === undefined) return { kind: 'waiting', label: 'Connected', detail: 'Choosing a market…' }
  if (stream.state === 'refused') {
    return { kind: 'ended', label: 'Refused', detail: `The server refused this map: ${stream.refusal?.message}` }
  }
  if (stream.state === 'stale') {
    const age = formatAge(nowMs - stream.frameMs)
    return { kind: 'lost', label: 'Stale', detail: `No data for ${age}.${asOf}` }
  }
  if (stream.state !== 'live') return { kind: 'waiting', label: 'Loading', detail: `Loading the map…${asOf}` }
  if (stream.map.live === undefined && stream.map.columns.length === 0) {
    return {
      kind: 'waiting',
      label: 'No price yet',
      detail: 'No price is known yet. The map starts with the first one.',
    }
  }
  return { kind: 'live', label: 'Live', detail: '' }
}
