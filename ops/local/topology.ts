import { join } from 'node:path'
import { freePort, type RunningKafka, startKafka } from '../kafka/broker.ts'
import { Front } from './front.ts'
import { type Program, startProgram } from './program.ts'

export interface TopologyOptions {
  /** Everything that stays between runs lies here. */
  readonly folder: string
  /** Of the page, Kafka and ClickHouse; 0, or nothing said: any that is free. */
  readonly ports?: { readonly page: number; readonly kafka: number; readonly clickhouse: number }
  readonly processors: number
  readonly gateways: number
  readonly partitions: number
  /** What the collector is told beside Kafka and ClickHouse; without, none is started. */
  readonly collect?: readonly string[]
  /** What processors are told too: `--assets`. */
  readonly chosen: readonly string[]
  /** Name of the history for those who do not see the source. */
  readonly source: string
  /** Database of the history; the source's own without. */
  readonly database?: string
  readonly progress: (line: string) => void
  /** Every line of a part, with its name. */
  readonly line?: (name: string, line: string) => void
}

export type PartName = 'kafka' | 'clickhouse' | 'collector' | `processor-${number}` | `gateway-${number}`

const MAIN = 'src/main.ts'
const CLICKHOUSE = 'ops/clickhouse/clickhouse.ts'
const READY = /^ {2}(?:page|health) +(http\S+)$/
const READY_LOOK_MS = 50

/** The parts of docker-compose.yml as processes of this machine: broker, store, collector, processors, gateways, front. */
export class Topology {
  readonly #options: TopologyOptions
  readonly #programs = new Map<PartName, Program>()
  readonly #ports = new Map<PartName, number>()
  #kafka: RunningKafka | undefined
  #front: Front | undefined
  #stopping: Promise<void> | undefined

  constructor(options: TopologyOptions) {
    this.#options = options
  }

  /** Everything but the broker and the front: those are no programs of ours. */
  get programs(): ReadonlyMap<PartName, Program> {
    return this.#programs
  }

  get processors(): PartName[] {
    return Array.from({ length: this.#options.processors }, (_, at): PartName => `processor-${at + 1}`)
  }

  get gateways(): PartName[] {
    return Array.from({ length: this.#options.gateways }, (_, at): PartName => `gateway-${at + 1}`)
  }

  get page(): string {
    return this.#front?.url ?? ''
  }

  /** Where a part answers: page, health, metrics. */
  addressOf(name: PartName): string {
    return `http://127.0.0.1:${this.#ports.get(name) ?? 0}`
  }

  get clickhouse(): string {
    const { database } = this.#options
    return database === undefined ? this.addressOf('clickhouse') : `${this.addressOf('clickhouse')}/${database}`
  }

  get brokers(): string {
    return `127.0.0.1:${this.#ports.get('kafka')}`
  }

  /** Left to right, as the events go; each is ready before the next begins. */
  async start(): Promise<void> {
    const { ports, progress, collect } = this.#options
    this.#ports.set('kafka', ports?.kafka || (await freePort()))
    this.#ports.set('clickhouse', ports?.clickhouse || (await freePort()))
    for (const name of ['collector', ...this.processors, ...this.gateways] as const) {
      this.#ports.set(name, await freePort())
    }
    await Promise.all([this.begin('kafka'), this.begin('clickhouse')])
    progress(`Kafka at ${this.brokers}, ClickHouse at ${this.addressOf('clickhouse')}`)
    // One makes the tables, the others find them.
    for (const name of this.processors) await this.begin(name)
    progress(`${this.processors.length} processors`)
    if (collect !== undefined) await this.begin('collector')
    await Promise.all(this.gateways.map((name) => this.begin(name)))
    progress(`${this.gateways.length} gateways`)
    const backends = this.gateways.map((name) => this.#ports.get(name)!)
    this.#front = await Front.open({ port: ports?.page ?? 0, backends })
  }

  /** Starts a part that is not there, where it was before. */
  async begin(name: PartName): Promise<void> {
    const { folder, line, collect } = this.#options
    const port = this.#ports.get(name)!
    if (name === 'kafka') {
      this.#kafka = await startKafka({ port, folder: join(folder, 'kafka') })
      return
    }
    const told = line === undefined ? {} : { line: (text: string) => line(name, text) }
    if (name === 'collector') {
      await this.collect(collect ?? [])
      return
    }
    if (name === 'clickhouse') {
      const args = ['--port', String(port), '--path', join(folder, 'clickhouse')]
      this.#programs.set(name, await startProgram({ name, script: CLICKHOUSE, args, ready: /answers at/, ...told }))
      return
    }
    const role = name.startsWith('processor') ? 'process' : 'serve'
    const { source, chosen } = this.#options
    const args = [role, '--source', source, '--port', String(port), ...this.#shared(name)]
    const own = role === 'process' ? [...chosen, '--workers', '1'] : []
    this.#programs.set(name, await startProgram({ name, script: MAIN, args: [...args, ...own], ready: READY, ...told }))
  }

  /** Starts a collector with these words; the one before has ended. */
  async collect(words: readonly string[]): Promise<Program> {
    const { line } = this.#options
    const name = 'collector'
    const args = ['collect', '--port', String(this.#ports.get(name)), ...this.#shared(name), ...words]
    const told = line === undefined ? {} : { line: (text: string) => line(name, text) }
    const program = await startProgram({ name, script: MAIN, args, ready: READY, ...told })
    this.#programs.set(name, program)
    return program
  }

  /** At once, as a crash would. */
  async kill(name: PartName): Promise<void> {
    if (name === 'kafka') await this.#kafka?.stop('kill')
    else await this.#programs.get(name)?.kill()
  }

  /** Resolves when it says of itself that it can work; `withinMs` is a whole number. */
  async ready(name: PartName, withinMs: number): Promise<void> {
    const url = name === 'clickhouse' ? `${this.addressOf(name)}/ping` : `${this.addressOf(name)}/readyz`
    const until = performance.now() + withinMs
    for (;;) {
      const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) }).catch(() => undefined)
      await response?.arrayBuffer()
      if (response?.ok === true) return
      if (performance.now() > until) throw new Error(`${name} was not ready within ${withinMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, READY_LOOK_MS))
    }
  }

  /** Right to left; twice is once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#front?.close()
    for (const names of [this.gateways, ['collector'], this.processors, ['clickhouse']] as PartName[][]) {
      await Promise.all(names.map((name) => this.#programs.get(name)?.stop()))
    }
    await this.#kafka?.stop()
  }

  #shared(name: PartName): string[] {
    const { folder, partitions } = this.#options
    const kafka = ['--kafka', this.brokers, '--partitions', String(partitions)]
    return [...kafka, '--clickhouse', this.clickhouse, '--data', join(folder, name)]
  }
}
