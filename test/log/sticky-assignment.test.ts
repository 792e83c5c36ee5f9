// Guards who gets which partition: every one has exactly one owner, shares are even, nobody loses what it may keep, and a
// member that sends nonsense claims nothing. Memberships are drawn by chance.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claim, claimBytes, readClaim, stickyAssignment } from '../../src/log/sticky-assignment.ts'

const seed = Number(process.env.LMAP_SEED ?? 9_301)
const PARTITIONS = 8

const claims = (names: readonly string[], owned: (name: string) => number[], generation = 1): Claim[] =>
  names.map((member) => ({ member, generation, owned: owned(member) }))

function moved(before: ReadonlyMap<string, number[]>, after: ReadonlyMap<string, number[]>): number {
  return [...after].reduce((sum, [member, mine]) => {
    return sum + mine.filter((partition) => !before.get(member)?.includes(partition)).length
  }, 0)
}

test(`whoever claims what: one owner each, even shares (seed ${seed})`, () => {
  const claim = fc.record({
    generation: fc.integer({ min: -1, max: 5 }),
    owned: fc.uniqueArray(fc.integer({ min: 0, max: PARTITIONS + 3 })),
  })
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 12 }), (members) => {
      const named = members.map((member, index) => ({ member: `m${index}`, ...member }))
      const found = stickyAssignment(PARTITIONS, named)
      expect([...found.values()].flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      const sizes = [...found.values()].map((mine) => mine.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      // The order in which members are listed decides nothing.
      expect(new Map(stickyAssignment(PARTITIONS, named.toReversed()))).toEqual(new Map(found))
    }),
    { seed },
  )
})

test('a member that joins takes its share and no more, one that leaves gives only its own', () => {
  const one = stickyAssignment(
    PARTITIONS,
    claims(['a'], () => []),
  )
  const two = stickyAssignment(
    PARTITIONS,
    claims(['a', 'b'], (name) => one.get(name) ?? []),
  )
  expect(moved(one, two)).toBe(4)
  const three = stickyAssignment(
    PARTITIONS,
    claims(['a', 'b', 'c'], (name) => two.get(name) ?? []),
  )
  expect(moved(two, three)).toBe(2)
  const again = stickyAssignment(
    PARTITIONS,
    claims(['a', 'b', 'c'], (name) => three.get(name) ?? []),
  )
  expect(moved(three, again)).toBe(0)
  const left = stickyAssignment(
    PARTITIONS,
    claims(['a', 'c'], (name) => three.get(name) ?? []),
  )
  expect(moved(three, left)).toBe(three.get('b')!.length)
})

test('of two who claim the same partition the newer is right', () => {
  const found = stickyAssignment(4, [
    { member: 'sleeper', generation: 3, owned: [0, 1] },
    { member: 'owner', generation: 4, owned: [0, 1] },
  ])
  expect(found.get('owner')).toEqual([0, 1])
  expect(found.get('sleeper')).toEqual([2, 3])
})

test('what a member says is read as it was written, and nonsense claims nothing', () => {
  expect(readClaim('m', claimBytes({ generation: 7, owned: [2, 5] }))).toEqual({
    member: 'm',
    generation: 7,
    owned: [2, 5],
  })
  const nothing = { member: 'm', generation: -1, owned: [] }
  for (const text of ['', '{', 'null', '[]', '{"generation":"x","owned":[1]}', '{"generation":1,"owned":3}']) {
    expect(readClaim('m', Buffer.from(text)), text).toEqual(nothing)
  }
  expect(readClaim('m', null)).toEqual(nothing)
  expect(readClaim('m', Buffer.from('{"generation":1,"owned":[1,-1,1.5,"2",1]}')).owned).toEqual([1])
})
