import { openRecording } from './venues/recording/reader.ts'

/**
 * Histories that are kept apart, so that simulated and real never mix: in the data folder, on a broker, and on a
 * ClickHouse server where its address names no database. A replay of a simulated market is simulated.
 */
export const historyNames = ['simulator', 'replay', 'replay-simulated', 'live'] as const
export type HistoryName = (typeof historyNames)[number]

const DATABASE = 'liquidity_map'

export function isSimulated(name: HistoryName): boolean {
  return name === 'simulator' || name === 'replay-simulated'
}

/** The history that a run belongs to. A recording that is not ours is of a venue; one that is broken says so when played. */
export async function historyNameOf(source: 'simulator' | 'replay' | 'live', path?: string): Promise<HistoryName> {
  if (source !== 'replay' || path === undefined) return source
  const kind = await openRecording(path).then(
    ({ meta }) => meta.kind,
    () => undefined,
  )
  return kind === 'simulator' ? 'replay-simulated' : 'replay'
}

/** The address of a ClickHouse server with the database of a history, where it names none itself. */
export function historyUrl(address: string, name: HistoryName): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || url.pathname.length > 1) return address
  url.pathname = name === 'live' ? DATABASE : `${DATABASE}_${name.replace('-', '_')}`
  return url.href
}
