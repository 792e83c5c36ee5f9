import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultKind } from './fault-kinds.ts'
import { openRig, type Rig } from './rig.ts'
import type { VenueScript } from './venue-script.ts'

/** What became of one fault on one venue. */
export interface FaultTrial {
  readonly venue: string
  readonly fault: string
  /** Until the feed's status showed something; undefined: it did not have to. */
  readonly noticedMs: number | undefined
  /** The worst state that was shown, with its reason. */
  readonly state: string
  /** Until every book was the venue's again, from the moment the venue behaved. */
  readonly recoveredMs: number
  /** Trades and liquidations that did not reach the log; below 0: some did twice. */
  readonly lost: number
}

const GLANCE_MS = 5
/** The market moves on for so long before and after the trouble. */
const CALM_MS = 250

/** Opens a feed of its own, breaks its venue, and waits until all is well. Fails where it is not. */
export async function tryFault(script: VenueScript, fault: FaultKind, seed: number): Promise<FaultTrial> {
  const rig = await openRig({ script, seed })
  const isHarmless = isHarmlessOn(script, fault)
  try {
    const listed = (): number => rig.exchange.market.books.filter((of) => of.isListed).length
    const isWell = (): boolean => rig.state().state === 'live' && rig.state().booksLive === listed()
    await rig.until('live', isWell)
    await sleep(CALM_MS)
    await rig.settled()
    const lostBefore = rig.exchange.market.prints - rig.prints()
    const before = fingerprint(rig)

    const beganMs = performance.now()
    let noticedMs: number | undefined
    let state = ''
    const glance = setInterval(() => {
      if (fingerprint(rig) !== before) noticedMs ??= performance.now() - beganMs
      const now = rig.state()
      if (now.state === 'down' || (now.state === 'partial' && !state.startsWith('down'))) {
        state = `${now.state}: ${now.reason}`
      }
    }, GLANCE_MS)
    await fault.inject(rig)
    const liftedMs = performance.now()
    if (!isHarmless) await rig.until(`aware of: ${fault.name}`, () => noticedMs !== undefined)
    await rig.until(`well after: ${fault.name}`, isWell)
    await sleep(CALM_MS)
    await rig.until(`well after: ${fault.name}`, isWell)
    await rig.settled()
    clearInterval(glance)
    const recoveredMs = Math.max(0, performance.now() - liftedMs - CALM_MS)
    const after = fingerprint(rig)
    if (isHarmless && after !== before) throw new Error(`${script.venue} minds ${fault.name}: ${before} -> ${after}`)
    const lost = rig.exchange.market.prints - rig.prints() - lostBefore
    return { venue: script.venue, fault: fault.name, noticedMs, state: state || 'live', recoveredMs, lost }
  } finally {
    await rig.close()
  }
}

/** The feed shall not even notice. */
export function isHarmlessOn(script: VenueScript, fault: FaultKind): boolean {
  return fault.isHarmless === true || script.unnoticed?.includes(fault.name) === true
}

/** Everything of the status that only changes when something is wrong. */
function fingerprint(rig: Rig): string {
  const { state, booksLive, gaps, rejected, resyncs, reconnects, offGrid } = rig.state()
  return JSON.stringify([state, booksLive, gaps, rejected, resyncs, reconnects, offGrid, rig.feed.status().skewed])
}
