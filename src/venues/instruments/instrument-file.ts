import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Asset, assetByName, type Instrument, tickOfOneCoin } from '../../model/assets.ts'
import type { VenueId } from '../../model/units.ts'
import { type VenueName, venueId, venues } from '../../model/venues.ts'
import { FrameFault, fieldsOf, listOf, numberIfSaid, numberOf, textOf } from '../mapper-fields.ts'

const NAME = 'instruments.json'
const VERSION = 1

/** What one venue said at some time. */
export interface KeptVenue {
  readonly date: string
  readonly instruments: readonly Instrument[]
}
export type KeptInstruments = ReadonlyMap<VenueName, KeptVenue>

/** What an earlier run has kept in the data folder. A file that cannot be used counts as none, and `warn` hears why. */
export function readInstruments(folder: string, warn: (reason: string) => void): KeptInstruments {
  const path = join(folder, NAME)
  try {
    const body = fieldsOf(JSON.parse(readFileSync(path, 'utf8')))
    if (body.version !== VERSION) throw new FrameFault(`of version ${String(body.version)}`)
    const kept = fieldsOf(body.venues)
    return new Map(
      venues.flatMap(({ name }) => {
        if (kept[name] === undefined) return []
        const { date, instruments } = fieldsOf(kept[name])
        const rows = listOf(instruments).flatMap((row) => instrumentOf(name, textOf(date), row))
        return [[name, { date: textOf(date), instruments: rows }] as const]
      }),
    )
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing) warn(`${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
    return new Map()
  }
}

/** Whole or not at all: a crash leaves the older file. */
export function writeInstruments(folder: string, kept: KeptInstruments, nameOf: (asset: number) => string): void {
  const body = {
    version: VERSION,
    venues: Object.fromEntries(
      [...kept].map(([venue, { date, instruments }]) => [
        venue,
        {
          date,
          instruments: instruments.map(
            ({ asset, symbol, multiplier, tick, coinsPerUnit, leverageMax, maintenanceRate }) => ({
              asset: nameOf(asset),
              symbol,
              multiplier,
              tick,
              coinsPerUnit,
              leverageMax,
              maintenanceRate,
            }),
          ),
        },
      ]),
    ),
  }
  mkdirSync(folder, { recursive: true })
  const path = join(folder, NAME)
  writeFileSync(`${path}.new`, `${JSON.stringify(body)}\n`)
  renameSync(`${path}.new`, path)
}

/** Assets are kept by name: their numbers belong to a version of the table. */
function instrumentOf(venue: VenueName, date: string, row: unknown): Instrument[] {
  const fields = fieldsOf(row)
  const asset: Asset | undefined = assetByName(textOf(fields.asset))
  if (asset === undefined) return []
  const tick = textOf(fields.tick)
  const multiplier = numberOf(fields.multiplier)
  const tickSize = tickOfOneCoin(tick, multiplier)
  const coinsPerUnit = numberOf(fields.coinsPerUnit)
  if (!(tickSize > 0 && coinsPerUnit > 0)) throw new FrameFault('a tick or a unit of nothing')
  return [
    {
      asset: asset.id,
      venue: venueId(venue) as VenueId,
      symbol: textOf(fields.symbol),
      multiplier,
      tick,
      tickSize,
      coinsPerUnit,
      leverageMax: numberIfSaid(fields.leverageMax),
      maintenanceRate: numberIfSaid(fields.maintenanceRate),
      date,
    },
  ]
}
