// The live feeds against test venues on loopback: every fault on every venue, all assets at 20,000 level updates a second,
// and what mapping a level costs beside the plainest way and beside tardis-dev.
import { faultKinds } from '../test/venues/exchange/fault-kinds.ts'
import { type FaultTrial, tryFault } from '../test/venues/exchange/fault-trial.ts'
import { scripts } from '../test/venues/exchange/scripts.ts'
import { type Bench, type Row, rounded } from './figures.ts'
import { runCollector } from './venues/collector.ts'
import { measureMapping } from './venues/mapping.ts'

const SEED = 7
/** Trials mostly wait: so many at a time leave the clock alone. */
const TRIALS_AT_ONCE = 12
const LEVELS_PER_SECOND = 20_000

export const bench: Bench = async ({ full }) => {
  const mapped = await measureMapping(full ? 2_000 : 200, full ? 40 : 5)
  const order = { assets: full ? undefined : ['BTC', 'ETH', 'SOL'], levelsPerSecond: full ? LEVELS_PER_SECOND : 1_000 }
  const run = await runCollector(order, full ? 20_000 : 2_000)
  const trials = await tryAll()
  const survived = trials.filter((trial) => trial.failure === undefined)
  const [binance, bybit] = mapped
  const costs = mapped.map(
    ({ venue, ours, plain, peer }): Row => ({
      name: `${venue}: text to checked book to batch`,
      value: ours,
      unit: 'ns a level',
      note: `JSON.parse + Number ${rounded(plain)}, tardis-dev ${rounded(peer)} (neither keeps a book)`,
    }),
  )
  return {
    title: `Live feeds: ${scripts.length} venues on loopback, ${run.booksLive} of ${run.books} books live (seed ${SEED})`,
    rows: [
      ...costs,
      { name: 'level updates through the collector', value: run.levelsPerSecond, unit: 'a second' },
      { name: 'collector, of one core', value: 100 * run.cpuShare, unit: '%', note: 'limit 60 %' },
      { name: 'venue sends to ring, p50', value: run.p50Ms, unit: 'ms' },
      {
        name: 'venue sends to ring, p99 of the middle second',
        value: run.p99SecondMs,
        unit: 'ms',
        note: 'limit 20 ms',
      },
      {
        name: 'venue sends to ring, p99 of all',
        value: run.p99Ms,
        unit: 'ms',
        note: `timers of this process were late by ${rounded(run.timerLateP99Ms)} (p99)`,
      },
      { name: 'gaps in that time', value: run.gaps, unit: 'gaps' },
      { name: 'faults survived', value: survived.length, unit: `of ${trials.length}` },
      ...faultRows(trials),
    ],
    figures: {
      faultsTried: trials.length,
      faultsRecovered: survived.length,
      collectorCpuShare: rounded(run.cpuShare),
      levelsPerSecond: rounded(run.levelsPerSecond),
      socketToRingP50Ms: rounded(run.p50Ms),
      socketToRingP99Ms: rounded(run.p99SecondMs),
      socketToRingP99AllMs: rounded(run.p99Ms),
      timerLateP99Ms: rounded(run.timerLateP99Ms),
      booksLive: run.booksLive,
      binanceLevelNs: rounded(binance!.ours),
      binanceLevelPlainNs: rounded(binance!.plain),
      binanceLevelTardisNs: rounded(binance!.peer),
      bybitLevelNs: rounded(bybit!.ours),
      bybitLevelPlainNs: rounded(bybit!.plain),
      bybitLevelTardisNs: rounded(bybit!.peer),
    },
  }
}

type Outcome = Partial<FaultTrial> & { readonly venue: string; readonly fault: string; readonly failure?: string }

async function tryAll(): Promise<Outcome[]> {
  const waiting = faultKinds.flatMap((fault) => scripts.map((script) => ({ fault, script })))
  const outcomes: Outcome[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { fault, script } = next
      try {
        outcomes.push(await tryFault(script, fault, SEED))
      } catch (error) {
        outcomes.push({ venue: script.venue, fault: fault.name, failure: String(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: TRIALS_AT_ONCE }, work))
  return outcomes
}

/** One line a fault: the slowest venue's time, and what each venue noticed, showed and lost. */
function faultRows(outcomes: readonly Outcome[]): Row[] {
  return faultKinds.map(({ name }) => {
    const of = scripts.map(({ venue }) => outcomes.find((one) => one.venue === venue && one.fault === name)!)
    const notes = of.map(({ venue, failure, noticedMs, state = '', lost = 0 }) => {
      if (failure !== undefined) return `${venue} NOT: ${failure}`
      const noticed = noticedMs === undefined ? 'unmoved' : `noticed ${Math.round(noticedMs)} ms`
      return `${venue} ${noticed}, ${state.split(':')[0]}${lost === 0 ? '' : `, ${lost} lost`}`
    })
    const recoveredMs = Math.max(...of.map((one) => one.recoveredMs ?? Number.POSITIVE_INFINITY))
    return { name: `${name}: recovered after`, value: Math.round(recoveredMs), unit: 'ms', note: notes.join('; ') }
  })
}
