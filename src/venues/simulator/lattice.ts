import { depth } from './settings.ts'

/*
  Where a book has levels: every 2^z ticks in zone z, and zones of equal row count follow each other away from price,
  so that a book is dense at the touch and still reaches several percent. The lattice lies on absolute ticks: when
  price moves, resting orders stay where they are and only the zones move over them.

      distance in ticks   0 ........ c 2^z0 ............ 3 c 2^z0 ..................... 7 c 2^z0
      level every         2^z0       2^(z0+1)            2^(z0+2)
*/
export interface Lattice {
  readonly zoneFirst: number
  readonly zones: number
  /** Rows of one side in each zone (c above). */
  readonly zoneRows: number
  readonly reachTicks: number
}

/**
 * `levelsPerSecond` bounds both the rows (a full book every 30 s may use only a part of it) and the finest spacing
 * (a moving price must not need more updates than there are).
 */
export function latticeOf(
  ticksPerBp: number,
  levelsPerSecond: number,
  sigmaSecond: number,
  fullBookS: number,
): Lattice {
  const reachTicks = Math.max(8, Math.round(depth.reachBp * ticksPerBp))
  const rowsWanted = (levelsPerSecond * fullBookS * depth.fullBookPart) / 2
  const rows = Math.max(depth.rowsMin, Math.min(depth.rowsMax, Math.floor(rowsWanted)))
  // Mean distance walked in ten steps of a tenth of a second.
  const ticksMovedPerSecond = sigmaSecond * 1e4 * ticksPerBp * 2.5
  let zoneFirst = 0
  while ((ticksMovedPerSecond / 2 ** zoneFirst) * 1.5 > levelsPerSecond / 2) zoneFirst++
  let zones = 1
  while (Math.floor(rows / zones) * (2 ** zones - 1) * 2 ** zoneFirst < reachTicks && zones < rows) zones++
  return { zoneFirst, zones, zoneRows: Math.max(1, Math.floor(rows / zones)), reachTicks }
}

/** Zone of a distance from price; levels are multiples of 2^zone ticks there. */
export function zoneAt(lattice: Lattice, distanceTicks: number): number {
  const rows = (distanceTicks >> lattice.zoneFirst) / lattice.zoneRows
  const zone = 31 - Math.clz32(rows + 1)
  return lattice.zoneFirst + (zone < lattice.zones ? zone : lattice.zones - 1)
}

/** Distance at which zone `zoneFirst + index` starts. */
export function zoneStartTicks(lattice: Lattice, index: number): number {
  return (lattice.zoneRows * (2 ** index - 1)) << lattice.zoneFirst
}
