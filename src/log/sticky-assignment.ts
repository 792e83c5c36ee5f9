/** What a member of a group says it works on, and in which generation of the group it was given that. */
export interface Claim {
  readonly member: string
  readonly generation: number
  readonly owned: readonly number[]
}

/**
 * Partitions by member, as even as they can be, and as few as possible with a new member. Depends on nothing but its
 * arguments, so that it does not matter who does the sum.
 */
export function stickyAssignment(partitions: number, claims: readonly Claim[]): Map<string, number[]> {
  const kept = heldBy(partitions, claims)
  // Who holds most may keep most where the shares cannot be equal.
  const members = claims
    .map(({ member }) => member)
    .sort((a, b) => kept.get(b)!.length - kept.get(a)!.length || (a < b ? -1 : 1))
  const share = Math.floor(partitions / members.length)
  const larger = partitions % members.length
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  for (const [place, member] of members.entries()) {
    const mine = kept.get(member)!.slice(0, place < larger ? share + 1 : share)
    kept.set(member, mine)
    for (const partition of mine) free.delete(partition)
  }
  const left = [...free]
  for (const [place, member] of members.entries()) {
    const mine = kept.get(member)!
    mine.push(...left.splice(0, (place < larger ? share + 1 : share) - mine.length))
    mine.sort((a, b) => a - b)
  }
  return kept
}

/** Of several who claim one partition the newest is right: the others have not heard yet that they lost it. */
function heldBy(partitions: number, claims: readonly Claim[]): Map<string, number[]> {
  const holders: (Claim | undefined)[] = Array.from({ length: partitions }, () => undefined)
  for (const claim of claims.toSorted((a, b) => (a.member < b.member ? -1 : 1))) {
    for (const partition of claim.owned) {
      if (partition >= partitions || !(claim.generation > (holders[partition]?.generation ?? -1))) continue
      holders[partition] = claim
    }
  }
  const held = new Map<string, number[]>(claims.map(({ member }) => [member, []]))
  for (const [partition, holder] of holders.entries()) {
    if (holder !== undefined) held.get(holder.member)!.push(partition)
  }
  return held
}

/** As it travels in a member's subscription. */
export function claimBytes({ generation, owned }: Omit<Claim, 'member'>): Buffer {
  return Buffer.from(JSON.stringify({ generation, owned }))
}

/** Whatever a member of another version may have sent: what cannot be read claims nothing. */
export function readClaim(member: string, bytes: Uint8Array | null): Claim {
  const nothing = { member, generation: -1, owned: [] }
  let told: unknown
  try {
    told = JSON.parse(Buffer.from(bytes ?? []).toString())
  } catch {
    return nothing
  }
  const { generation, owned } = (told ?? {}) as { generation?: unknown; owned?: unknown }
  if (!Number.isSafeInteger(generation) || !Array.isArray(owned)) return nothing
  const sound = owned.filter((partition) => Number.isSafeInteger(partition) && partition >= 0) as number[]
  return { member, generation: generation as number, owned: [...new Set(sound)] }
}
