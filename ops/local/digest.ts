import { openClient } from '../../src/store/client.ts'

/** A table of a history in two numbers: equal histories have equal ones, whatever the order of their rows. */
export interface TableDigest {
  readonly rows: number
  readonly hash: string
}

export type Digest = Readonly<Record<string, TableDigest>>

/** Not part of what happened: when a row was written, and what a process looked like from outside. */
const columnsLeft: Readonly<Record<string, readonly string[]>> = {
  '': ['writtenAt'],
  venue_minutes: ['state'],
}
/** What a process needs for its next start, and counts that are kept beside the rows that they count. */
const tablesLeft = ['migrations', 'checkpoints', 'checkpoint_counts', 'lift_counts']

/** Reads every table of a history on a server, each row once, as its key decides; `without` leaves tables out. */
export async function digestOf(url: string, without: readonly string[] = []): Promise<Digest> {
  const client = await openClient({ url })
  try {
    const tables = await client.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name",
    )
    const asked = tables.map(({ name }) => name).filter((name) => ![...tablesLeft, ...without].includes(name))
    const found: [string, TableDigest][] = []
    for (const table of asked) {
      const names = await client.rows<{ name: string }>(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} AND default_kind != 'EPHEMERAL'",
        { table },
      )
      const kept = names.map(({ name }) => name).filter((name) => !isLeft(table, name))
      const [row] = await client.rows<TableDigest>(
        `SELECT toUInt32(count()) AS rows, hex(sum(cityHash64(${kept.join(', ')}))) AS hash FROM ${table} FINAL`,
      )
      found.push([table, row!])
    }
    return Object.fromEntries(found)
  } finally {
    await client.close()
  }
}

/** One line for each table in which two histories differ. */
export function differences(expected: Digest, found: Digest): string[] {
  return Object.entries(expected).flatMap(([table, { rows, hash }]) => {
    const other = found[table]
    if (other === undefined || other.rows !== rows) return [`${table}: ${other?.rows ?? 0} rows instead of ${rows}`]
    return other.hash === hash ? [] : [`${table}: ${rows} rows, but not the same ones`]
  })
}

function isLeft(table: string, name: string): boolean {
  return columnsLeft['']!.includes(name) || columnsLeft[table]?.includes(name) === true
}
