import { assets } from '../model/assets.ts'
import type { PastVenue } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { type VenueState, venueStates, venues } from '../model/venues.ts'
import type { Client } from './client.ts'

const MINUTE_MS = 60_000
/** A venue that was not heard for so long was not one of the market then. */
const LOOK_BACK_MS = 86_400_000
const UNKNOWN = venueStates.indexOf('unknown')
const DOWN = venueStates.indexOf('down')

interface NewestMinute {
  readonly venue: string
  readonly minuteMs: number
  readonly state: VenueState
  readonly openInterestUsd: number
}

/**
 * What was known of every venue at the end of a minute: what its own row of that minute says. A minute without a row is
 * one in which the venue was not heard, which is what down means.
 */
export async function readPastVenues(client: Client, asset: AssetId, asOfMs: number): Promise<PastVenue[]> {
  const rows = await client.rows<NewestMinute>(
    `SELECT venue, toFloat64(toUnixTimestamp(max(time))) * 1000 AS minuteMs, argMax(state, time) AS state,
      argMaxIf(openInterestUsd, time, openInterestUsd > 0) AS openInterestUsd
    FROM venue_minutes FINAL
    WHERE asset = {asset:String} AND time < fromUnixTimestamp64Milli({endMs:Int64}, 'UTC')
      AND time >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
    GROUP BY venue`,
    { asset: assets[asset]!.name, endMs: asOfMs, fromMs: Math.max(0, asOfMs - LOOK_BACK_MS) },
  )
  return venues.map(({ name }) => {
    const row = rows.find(({ venue }) => venue === name)
    if (row === undefined) return { state: UNKNOWN, openInterestUsd: 0 }
    const isHeard = row.minuteMs + MINUTE_MS >= asOfMs
    const state = isHeard ? venueStates.indexOf(row.state) : DOWN
    return { state: Math.max(UNKNOWN, state), openInterestUsd: row.openInterestUsd }
  })
}
