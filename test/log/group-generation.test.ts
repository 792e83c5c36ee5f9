// Guards under which number a member speaks: one that heard the number of a division before its share would speak for what
// it has just lost, and readers would listen to it instead of the new owner until it has been silent for half a minute.
import { expect, test } from 'vitest'
import { GroupGeneration } from '../../src/log/group-generation.ts'

test('a number counts with the share that belongs to it, and not before', () => {
  const generation = new GroupGeneration()
  generation.beat('a', 1)
  expect(generation.current).toBe(-1)
  expect(generation.joined('a')).toBe(false)
  generation.beat('a', 1)
  expect(generation.current).toBe(1)
  generation.dividing()
  generation.beat('a', 2)
  expect(generation.current).toBe(1)
  expect(generation.joined('a')).toBe(false)
  generation.beat('a', 2)
  expect(generation.current).toBe(2)
})

test('an answer that comes late takes nothing back', () => {
  const generation = new GroupGeneration()
  generation.joined('a')
  generation.beat('a', 4)
  generation.joined('a')
  generation.beat('a', 5)
  generation.beat('a', 4)
  expect(generation.current).toBe(5)
})

test('who comes back under another name begins anew, also where the group counts from the start', () => {
  const generation = new GroupGeneration()
  generation.joined('a')
  generation.beat('a', 9)
  expect(generation.joined('b')).toBe(true)
  expect(generation.current).toBe(-1)
  generation.beat('a', 9)
  generation.beat('b', 1)
  expect(generation.current).toBe(1)
})
