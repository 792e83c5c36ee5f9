/** Entry point of the universe: which asset is which symbol where, and which coins are the largest now. Thin: the work is in venues/instruments. */
import { readFileSync } from 'node:fs'
import { type Config, readConfig } from './config.ts'
import { assetByName, assets, assetsDate } from './model/assets.ts'
import { describeError } from './model/errors.ts'
import { type VenueName, venues } from './model/venues.ts'
import { createLog } from './telemetry/log.ts'
import { table } from './venues/instruments/doctor-tables.ts'
import { askInstruments } from './venues/instruments/instruments.ts'
import { pickCoins } from './venues/instruments/pick.ts'
import { createRests } from './venues/instruments/rest-venues.ts'
import { pickTable, universeTable } from './venues/instruments/universe-table.ts'
import { createAgents } from './venues/live/agents.ts'

const HELP = `Shows the assets of the map with what each venue offers for them, as the venues say it now.

  npm run universe -- [--pick] [--assets NAMES] [--venues NAMES] [--venue-urls ADDRESSES] [--data DIR]

  --pick    asks for everything that the venues list and shows the ${assets.length} coins with the largest open interest, those
            that would join and those that would leave. It takes minutes and changes nothing: the table of a version is
            fixed, because what is stored counts on it.
  others    as for npm start, and from the same environment variables

Ends with 0 where every venue has answered, 1 where one has not, 2 where none has.`

const OK = 0
const FLAWED = 1
const USELESS = 2

process.exitCode = await main()

async function main(): Promise<number> {
  const argv = process.argv.slice(2)
  if (argv.includes('--help')) {
    console.log(HELP)
    return OK
  }
  const agents = createAgents(process.env)
  try {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    const isPick = argv.includes('--pick')
    const config = readConfig(['--source', 'live', ...argv.filter((word) => word !== '--pick')], version)
    if (config === undefined) return OK
    const rests = restsOf(config, agents)
    return isPick ? await pick(rests) : await show(config, rests)
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`)
    return USELESS
  } finally {
    agents.close()
  }
}

function restsOf(config: Config, agents: ReturnType<typeof createAgents>): ReturnType<typeof createRests> {
  const wanted: readonly VenueName[] = config.venues ?? venues.map((venue) => venue.name)
  const bases = Object.fromEntries(
    wanted.flatMap((name) => {
      const url = config.venueUrls?.[name]?.rest
      return url === undefined ? [] : [[name, url]]
    }),
  )
  return createRests(wanted, bases, { agents, now: () => Date.now(), prng: () => Math.random() })
}

async function show(config: Config, rests: ReturnType<typeof createRests>): Promise<number> {
  const log = createLog({ level: 'error', pretty: true, stream: process.stderr })
  const chosen = config.assets?.map((name) => assetByName(name)!) ?? assets
  const told = await askInstruments({ assets: chosen, rests, folder: config.data, now: () => Date.now(), log })
  console.log(universeTable(chosen, told))
  for (const { venue, origin, date, reason } of told.venues) {
    const where = { venue: 'as it says now', cache: 'as it said last', table: 'from the built-in table' }[origin]
    console.log(`  ${venue}: ${where}, ${date}${reason === undefined ? '' : ` (${reason})`}`)
  }
  const answered = told.venues.filter((facts) => facts.origin === 'venue').length
  return answered === told.venues.length ? OK : answered > 0 ? FLAWED : USELESS
}

async function pick(rests: ReturnType<typeof createRests>): Promise<number> {
  console.log('Asking for everything that the venues list ...')
  const { coins, missing } = await pickCoins(rests, assets)
  for (const { venue, reason } of missing) console.log(`  ${venue} is missing: ${reason}`)
  if (missing.length === rests.size) return USELESS
  console.log(`\n${pickTable(coins, assets, [...rests.keys()])}`)
  console.log(table([['', `The table of this version is of ${assetsDate}.`]]))
  return missing.length === 0 ? OK : FLAWED
}
