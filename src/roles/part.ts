import type { Config } from '../config.ts'
import type { Log } from '../telemetry/log.ts'
import type { SourceSurroundings } from './source-spec.ts'

/** A role that runs by itself on Kafka. */
export interface Part {
  /** What it does, for people: a word and what there is to say of it. */
  readonly facts: readonly (readonly [string, string])[]
  /** Where it answers. */
  readonly port: number
  /** Resolves when its work has an end and is done; rejects when a stage fails for good. */
  readonly ended: Promise<void>
  /** In order; twice is once. False: a stage failed to, as the log says. */
  stop(): Promise<boolean>
}

export interface PartSurroundings extends SourceSurroundings {
  readonly log: Log
  readonly version: string
  /** 0 to 1. */
  readonly random: () => number
  /** 16 bytes that no other process has, nor an earlier run of this one. */
  readonly identity: Uint8Array
}

/** Brokers, topics and what the client says it is. */
export function kafkaOf(config: Config): {
  readonly brokers: readonly string[]
  readonly partitions: number
  readonly clientId: string
} {
  return { brokers: config.kafka ?? [], partitions: config.partitions, clientId: `liquidity-map-${config.role}` }
}
