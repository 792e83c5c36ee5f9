import { type VenueName, venues } from '../../model/venues.ts'
import type { Agents } from '../live/agents.ts'
import type { VenueProtocol } from '../live/feed.ts'
import { FrameFault } from '../mapper-fields.ts'
import type { Rest } from './rest.ts'
import { RestFailure } from './rest-failure.ts'
import { verifyBinance } from './verify-binance.ts'
import { verifyBitget } from './verify-bitget.ts'
import { verifyHyperliquid } from './verify-hyperliquid.ts'
import { verifyOkx } from './verify-okx.ts'

/** One thing that documents leave open, and what the venue itself showed. */
export interface Finding {
  readonly venue: VenueName
  readonly point: string
  /** What the mappers and feeds assume. */
  readonly assumed: string
  readonly found: string
  /** Undefined: what came decides nothing. */
  readonly agrees: boolean | undefined
}

export interface VerifyOptions {
  readonly rest: Rest
  readonly protocol: VenueProtocol
  readonly socketBase: string
  readonly agents: Agents
  readonly now: () => number
  /** How long streams are listened to. */
  readonly forMs: number
}

export type Verifier = (options: VerifyOptions) => Promise<Omit<Finding, 'venue'>[]>

const verifiers: Partial<Readonly<Record<VenueName, Verifier>>> = {
  binance: verifyBinance,
  okx: verifyOkx,
  bitget: verifyBitget,
  hyperliquid: verifyHyperliquid,
}

/** Looks at the open points of one venue. A venue that cannot be asked has one finding that says so. */
export async function verifyVenue(options: VerifyOptions): Promise<Finding[]> {
  const { venue } = options.rest
  const verifier = verifiers[venue]
  if (verifier === undefined) return []
  try {
    return (await verifier(options)).map((finding) => ({ venue, ...finding }))
  } catch (error) {
    const isTheirs = error instanceof RestFailure || error instanceof FrameFault
    if (!isTheirs) throw error
    const { label } = venues.find((one) => one.name === venue)!
    const found = error instanceof FrameFault ? `its answer is not as documented (${error.message})` : error.message
    return [{ venue, point: `open points of ${label}`, assumed: 'it can be asked', found, agrees: undefined }]
  }
}

/**
 * Does a series of open interest count both sides? One side can never change by more than was traded meanwhile; a series
 * that does counts twice. That it does not proves nothing.
 */
export function sidesFinding(changed: number, traded: number): Omit<Finding, 'venue'> {
  const ratio = traded > 0 ? changed / traded : 0
  return {
    point: 'sides that open interest counts',
    assumed: 'one',
    found:
      traded > 0
        ? `it changed by ${(100 * ratio).toFixed(0)} % of what was traded; more than 100 % would mean both sides`
        : 'nothing was traded meanwhile',
    agrees: ratio > 1 ? false : undefined,
  }
}

/** Sum of the absolute steps of a series. */
export function travelled(values: readonly number[]): number {
  return values.reduce((sum, value, index) => sum + (index === 0 ? 0 : Math.abs(value - values[index - 1]!)), 0)
}
