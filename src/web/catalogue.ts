/** What the server offers, from /api/v1/assets. */
export interface Catalogue {
  readonly source: string
  readonly simulated: boolean
  readonly assets: readonly CatalogueAsset[]
}

export interface CatalogueAsset {
  readonly name: string
  readonly gridTick: number
  /** Of the smallest tier on the first venue that tells it; undefined where none does. */
  readonly maintenanceRate: number | undefined
}

/** What a request says of whose it is. */
export function keyHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

/** Rejects with a sentence that can be shown. */
export async function loadCatalogue(base: string, key?: string): Promise<Catalogue> {
  const response = await fetch(new URL('/api/v1/assets', base), { headers: keyHeaders(key) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return readCatalogue(await response.json())
}

export function readCatalogue(body: unknown): Catalogue {
  const { source, simulated, assets } = (body ?? {}) as Record<string, unknown>
  if (!Array.isArray(assets) || assets.length === 0) throw new Error('the list of assets is empty')
  return {
    source: typeof source === 'string' ? source : 'unknown',
    simulated: simulated === true,
    assets: assets.map((row: unknown) => {
      const { name, gridTick, instruments } = (row ?? {}) as Record<string, unknown>
      if (typeof name !== 'string' || typeof gridTick !== 'number' || !(gridTick > 0)) {
        throw new Error('the list of assets cannot be read')
      }
      return { name, gridTick, maintenanceRate: rateOf(instruments) }
    }),
  }
}

function rateOf(instruments: unknown): number | undefined {
  if (!Array.isArray(instruments)) return undefined
  const rates = instruments.map((row: unknown) => Number(((row ?? {}) as Record<string, unknown>).maintenanceRate))
  return rates.find((rate) => rate > 0 && rate < 1)
}
