/** What the server offers, from /api/v1/assets. */
export interface Catalogue {
  readonly source: string
  readonly simulated: boolean
  readonly assets: readonly { readonly name: string; readonly gridTick: number }[]
}

/** Rejects with a sentence that can be shown. */
export async function loadCatalogue(base: string): Promise<Catalogue> {
  const response = await fetch(new URL('/api/v1/assets', base))
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
      const { name, gridTick } = (row ?? {}) as Record<string, unknown>
      if (typeof name !== 'string' || typeof gridTick !== 'number' || !(gridTick > 0)) {
        throw new Error('the list of assets cannot be read')
      }
      return { name, gridTick }
    }),
  }
}
