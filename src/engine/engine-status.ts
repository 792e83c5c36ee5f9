import type { AssetMemory } from './asset-memory.ts'

export interface EngineStatus {
  batches: number
  levels: number
  trades: number
  liquidations: number
  duplicates: number
  outside: number
  late: number
  columns: number
  /** Reports that were not sent, for too much happened at once. */
  reportsLost: number
  /** Trials of levels and their controls that were not made, for too many were open. */
  liftMissed: number
  /** Bytes that wait in all rings. */
  pending: number
  /** Turns of the fast loop, and the milliseconds of the last and the longest. */
  turns: number
  turnMs: number
  turnMsMax: number
}

/** What the cores have counted, all assets together. */
export function countsOf(memories: readonly AssetMemory[]): Omit<EngineStatus, 'turns' | 'turnMs' | 'turnMsMax'> {
  const total = (read: (memory: AssetMemory) => number): number =>
    memories.reduce((sum, memory) => sum + read(memory), 0)
  const sum = (field: Parameters<AssetMemory['head']>[0]): number => total((memory) => memory.head(field))
  return {
    batches: sum('batches'),
    levels: sum('levels'),
    trades: sum('trades'),
    liquidations: sum('liquidations'),
    duplicates: sum('duplicates'),
    outside: sum('outside'),
    late: sum('late'),
    columns: sum('columns'),
    reportsLost: total((memory) => memory.reportsLost),
    pending: total((memory) => memory.pending),
    liftMissed: total((memory) => memory.liftMissed),
  }
}
