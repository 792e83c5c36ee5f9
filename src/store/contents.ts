import type { Client } from './client.ts'

/** What a start finds, in few words. */
export interface Contents {
  readonly columns: number
  readonly liquidations: number
  /** When the newest column of one minute closed, as text; rows that waited when an earlier run was killed are behind it. */
  readonly newest: string
}

export async function readContents(client: Client): Promise<Contents> {
  const [row] = await client.rows<Contents>(`SELECT
      (SELECT toUInt32(count()) FROM columns) AS columns,
      (SELECT toUInt32(count()) FROM liquidations) AS liquidations,
      (SELECT toString(max(time) + INTERVAL 1 MINUTE) FROM columns WHERE timeframe = '1m') AS newest`)
  return row!
}
