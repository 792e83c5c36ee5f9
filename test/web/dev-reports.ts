import type * as uws from 'uWebSockets.js'
import { assets } from '../../src/model/assets.ts'
import { liftsOf, liftWords } from '../../src/model/lift.ts'
import { reportFacts } from '../../src/model/report-facts.ts'
import { comparePlaces, matchesReport, placeOf, type ReportPlace } from '../../src/model/report-query.ts'
import {
  type AbsorptionRow,
  type ConvergenceRow,
  isStanding,
  type Report,
  type ReportKind,
  reportKinds,
  type SweepRow,
  type WallRow,
} from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'
import type { Column } from '../../src/wire/blocks.ts'
import { prng } from './market.ts'

const MINUTE_MS = 60_000
const wallEnds = ['filled', 'pulled', 'moved', 'faded', 'stale'] as const

/** Made-up reports of a made-up market: at its prices, of all kinds, states and ends, and always the same for a seed. */
function madeReports(asset: AssetId, columns: readonly Column[], seed: number): Report[] {
  const random = prng(seed)
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)]!
  const rows: Report[] = []
  const name = assets[asset]!.name
  const nowMs = (columns.at(-1)?.openMs ?? 0) + MINUTE_MS
  const place = (column: Column, buckets: number) => {
    const bucket = Math.floor(column.close / column.step) + buckets
    return { bucket, price: (bucket + 0.5) * column.step }
  }
  columns.forEach((column, i) => {
    const startMs = column.openMs + Math.floor(random() * MINUTE_MS)
    const basis = (kind: string) => ({ id: `${kind}-${name}-${startMs}-${i}`, asset, startMs, atMs: startMs })
    if (random() < 0.35) rows.push(wall(column, i))
    if (random() < 0.18) {
      const isBuy = random() < 0.5
      const at = place(column, isBuy ? 4 : -4)
      const sweep: SweepRow = {
        ...{ kind: 'sweep', ...basis('sweep'), ...at, usd: 3e5 * (1 + 9 * random()), side: isBuy ? 'buy' : 'sell' },
        ...{ venue: Math.floor(random() * 5), endMs: startMs + 200, firstPrice: column.close, levels: 14 },
        ...{ displacementBp: 3 + 6 * random(), magnitude: 4, depthPart: 0.8, liquidationDriven: random() < 0.3 },
        ...{ liquidationUsd: 2e5, clusterMs: startMs, clusterCount: random() < 0.3 ? 2 : 1 },
      }
      rows.push(sweep)
    }
    if (random() < 0.08) {
      const side = random() < 0.5 ? 'bid' : 'ask'
      const absorption: AbsorptionRow = {
        ...{ kind: 'absorption', ...basis('absorption'), ...place(column, side === 'bid' ? -2 : 2), side },
        ...{ usd: 8e5 * (1 + 4 * random()), state: pick(['confirmed', 'confirmed', 'failed'] as const), venue: 1 },
        ...{ efficiency: 0.2 * random(), executedToShown: 3.4, refills: 4, wall: true, long: false, holdMs: 30_000 },
        ...{ netUsd: 5e5, lean: 0.5, atMs: Math.min(nowMs, startMs + 40_000) },
      }
      rows.push(absorption)
    }
    if (random() < 0.04) rows.push(chip(column, basis('convergence'), false))
  })
  const last = columns.at(-1)
  if (last !== undefined) {
    rows.push(chip(last, { id: `convergence-${name}-live`, asset, startMs: nowMs - 90_000, atMs: nowMs }, true))
  }
  return rows

  function wall(column: Column, i: number): WallRow {
    const side = random() < 0.5 ? 'bid' : 'ask'
    const startMs = column.openMs + Math.floor(random() * MINUTE_MS)
    const endMs = startMs + Math.floor(random() ** 2 * 40 * MINUTE_MS) + 8000
    const isActive = endMs >= nowMs
    const distance = 3 + Math.floor(random() * 25)
    const usd = 5e5 * (1 + 12 * random() ** 3)
    return {
      ...{ kind: 'wall', id: `wall-${name}-${startMs}-${i}`, asset, startMs, atMs: Math.min(endMs, nowMs), side },
      ...place(column, side === 'bid' ? -distance : distance),
      ...{ state: isActive ? 'active' : pick(wallEnds), usd: isActive ? usd : usd * 0.1, peakUsd: usd * 1.1 },
      ...{
        venue: i % 5,
        venueUsd: [0, 1, 2, 3, 4].map((venue) => (venue === i % 5 ? usd : random() < 0.3 ? usd / 3 : 0)),
      },
      ...{ executedUsd: usd * 0.2, density: 9.5, strength: 2.25, spoof: random() ** 2, secondsToEat: 12.5 },
      ...{ distanceBp: (side === 'bid' ? -3 : 3) * distance, pulls: 1, movedBuckets: 3, coveredBuckets: 160 },
    }
  }

  function chip(
    column: Column,
    basis: Pick<Report, 'id' | 'asset' | 'startMs' | 'atMs'>,
    isLive: boolean,
  ): ConvergenceRow {
    const side = random() < 0.5 ? 'support' : 'resistance'
    return {
      ...{ kind: 'convergence', ...basis, ...place(column, side === 'support' ? -6 : 6), side, usd: 4e6 },
      ...{ state: isLive ? 'chip' : 'ended', wall: true, sweep: true, absorption: true, liquidations: isLive },
      ...{ venues: [0, 1], score: 0.3 + 0.3 * random(), atMs: isLive ? nowMs : basis.startMs + 6 * MINUTE_MS },
    }
  }
}

/** A page of rows as /api/v1/reports answers it. */
function reportPage(rows: readonly Report[], kind: ReportKind, query: URLSearchParams): object {
  const named = query.get('asset')?.split(',')
  const cursor = query.get('cursor')
  const most = Number(query.get('limit') ?? 100)
  const wanted = {
    kind,
    assets: assets.filter(({ name }) => named === undefined || named.includes(name)).map(({ id }) => id),
    fromMs: Number(query.get('from') ?? 0),
    toMs: Number(query.get('to') ?? Number.MAX_SAFE_INTEGER),
    side: query.get('side') ?? undefined,
    states: query.get('state')?.split(','),
    usdMin: Number(query.get('minUsd') ?? 0),
    before: cursor === null ? undefined : (JSON.parse(atob(cursor)) as ReportPlace),
    most,
  }
  const found = rows.filter((row) => matchesReport(wanted, row)).sort(comparePlaces)
  const page = found.slice(0, most)
  const next = found.length > most ? btoa(JSON.stringify(placeOf(page.at(-1)!))) : null
  return { kind, rows: page.map(reportFacts), next }
}

/** What /api/v1/reports/lift says: something of walls, nothing of the rest. */
function madeLift(asset: string): object {
  const lifts = liftsOf([
    {
      ...{ kind: 'wall', side: 'support', reports: { n: 61, held: 34, broken: 22 } },
      controls: { n: 122, held: 61, broken: 52 },
    },
  ])
  return { asset, lifts: lifts.map((lift) => ({ kind: lift.kind, side: lift.side, words: liftWords(lift) })) }
}

const kindOfPath: Readonly<Record<string, ReportKind>> = Object.fromEntries(
  ['walls', 'sweeps', 'absorptions', 'convergences'].map((path, i) => [path, reportKinds[i]!]),
)

type Socket = uws.WebSocket<unknown>

/** Reports as the server delivers them: over HTTP page by page, and on the stream beside the map. */
export class DevReports {
  /** What /api/v1/read says. */
  read: (asset: string) => object = (asset) => ({ asset, label: 'balanced', reasons: ['Books lean neither way.'] })
  /** Queries of pages that were asked for. */
  readonly asked: URLSearchParams[] = []
  readonly #columnsOf: (asset: AssetId) => readonly Column[]
  readonly #rows = new Map<string, Map<string, Report>>()
  readonly #sequences = new Map<string, number>()
  readonly #followers = new Map<string, Set<Socket>>()

  constructor(columnsOf: (asset: AssetId) => readonly Column[]) {
    this.#columnsOf = columnsOf
  }

  /** Of an asset, made from its columns of a minute, by id. */
  of(name: string): Map<string, Report> {
    let rows = this.#rows.get(name)
    const asset = assets.find((candidate) => candidate.name === name)
    if (rows === undefined && asset !== undefined) {
      const made = madeReports(asset.id, this.#columnsOf(asset.id), asset.id + 1)
      this.#rows.set(name, (rows = new Map(made.map((row) => [row.id, row]))))
    }
    return rows ?? new Map()
  }

  serve(app: uws.TemplatedApp): void {
    app.get('/api/v1/reports/lift', (response, request) => {
      answer(response, madeLift(request.getQuery('asset') ?? ''))
    })
    app.get('/api/v1/reports/*', (response, request) => {
      const kind = kindOfPath[request.getUrl().split('/').at(-1)!]
      if (kind === undefined) return void response.writeStatus('404').end()
      const query = new URLSearchParams(request.getQuery())
      this.asked.push(query)
      // Of all assets two are enough to tell that it is not one.
      const names = query.get('asset')?.split(',') ?? ['BTC', 'ETH']
      const rows = names.flatMap((name) => [...this.of(name).values()])
      answer(response, reportPage(rows, kind, query))
    })
    app.get('/api/v1/read', (response, request) => answer(response, this.read(request.getQuery('asset') ?? '')))
  }

  control(socket: Socket, { op, asset }: { op: string; asset?: string }): void {
    const name = asset ?? ''
    const followers = this.#followers.get(name) ?? new Set()
    this.#followers.set(name, followers)
    if (op === 'unsubscribe') {
      followers.delete(socket)
      return
    }
    followers.add(socket)
    // As the server does it: all that stands, and the newest of each kind that is over.
    const rows = [...this.of(name).values()].sort((a, b) => b.startMs - a.startMs)
    const chosen = reportKinds.flatMap((kind) => {
      const own = rows.filter((row) => row.kind === kind)
      return [...own.filter(isStanding), ...own.filter((row) => !isStanding(row)).slice(0, 20)]
    })
    const head = { ...this.#head(name, 0), standing: true, kinds: reportKinds, sinceMs: 0 }
    socket.send(JSON.stringify({ ...head, rows: chosen.map(reportFacts) }))
  }

  leave(socket: Socket): void {
    for (const followers of this.#followers.values()) followers.delete(socket)
  }

  /** Tells a row to all who follow the reports of its asset. */
  tell(row: Report): void {
    const { name } = assets[row.asset]!
    this.of(name).set(row.id, row)
    const text = JSON.stringify({ ...this.#head(name, 1), rows: [reportFacts(row)] })
    for (const socket of this.#followers.get(name) ?? []) socket.send(text)
  }

  #head(name: string, step: number): object {
    const sequence = (this.#sequences.get(name) ?? 0) + step
    this.#sequences.set(name, sequence)
    return { op: 'reports', asset: name, sequence, clockMs: Date.now() }
  }
}

function answer(response: uws.HttpResponse, body: object): void {
  response
    .writeHeader('content-type', 'application/json')
    .writeHeader('access-control-allow-origin', '*')
    .end(JSON.stringify(body))
}
