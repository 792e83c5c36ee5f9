// Guards how turns are dealt out: an asset is with one thread at a time, no thread has more on its desk than it should,
// large tasks are cut, and nobody waits for ever. The pool is one whose tasks end when the test says so.
import { beforeAll, describe, expect, test } from 'vitest'
import { AssetMemory } from '../../src/engine/asset-memory.ts'
import { type CoreMap, loadCore, mapOfCore } from '../../src/engine/core.ts'
import { EVERYTHING, Turns } from '../../src/engine/turns.ts'
import type { Turn } from '../../src/engine/worker.ts'
import { assets } from '../../src/model/assets.ts'
import { limits } from '../../src/model/limits.ts'

interface Task extends Turn {
  end(unfinished?: readonly number[]): Promise<void>
  fail(error: Error): Promise<void>
}

let map: CoreMap
beforeAll(async () => {
  map = mapOfCore(await loadCore())
})

function bench({ workers = 1, room = (): true | Promise<unknown> => true } = {}) {
  const tasks: Task[] = []
  const over: number[] = []
  const failed: unknown[] = []
  let told = 0
  let isClosed = false
  const turns = new Turns({
    workers,
    room,
    over: ({ asset }) => over.push(asset.id),
    told: () => told++,
    failed: (error) => failed.push(error),
  })
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  turns.open({
    turn(turn) {
      const { promise, resolve, reject } = Promise.withResolvers<number[]>()
      const end = (unfinished: readonly number[] = []) => {
        tasks.splice(tasks.indexOf(task), 1)
        resolve([...unfinished])
        return settle()
      }
      const fail = (error: Error) => {
        reject(error)
        return settle()
      }
      const task = { ...turn, end, fail }
      tasks.push(task)
      return promise
    },
    close: async () => {
      isClosed = true
    },
  })
  return { turns, tasks, over, failed, told: () => told, isClosed: () => isClosed }
}

function memories(count: number): AssetMemory[] {
  return assets.slice(0, count).map((asset) => new AssetMemory(asset, map))
}

const idsOf = (tasks: readonly Task[]) => tasks.map(({ assets: ids }) => [...ids])

describe('turns', () => {
  test('one worker has all that is due in one task, two have half of it each', () => {
    const all = memories(8)
    const one = bench()
    one.turns.ask(all, 0)
    expect(idsOf(one.tasks)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]])
    const two = bench({ workers: 2 })
    two.turns.ask(all, 0)
    expect(idsOf(two.tasks)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ])
  })

  test('an asset is in one task at a time, and what is asked meanwhile is done after it', async () => {
    const { turns, tasks, over, told } = bench()
    const [first, second] = memories(2) as [AssetMemory, AssetMemory]
    turns.ask([first], EVERYTHING)
    turns.ask([first], 0b10)
    turns.ask([first, second], 0b11)
    expect(idsOf(tasks)).toEqual([[0], [1]])
    await tasks[0]!.end()
    expect(over).toEqual([0])
    expect(told()).toBe(0)
    // Whoever wants more to be told has his way.
    expect(tasks.map(({ assets: ids, skips }) => [...ids, ...skips])).toEqual([
      [1, 0b11],
      [0, 0b10],
    ])
    await tasks[1]!.end()
    expect(told()).toBe(1)
  })

  test('a desk holds no more tasks than its limit, and a task ends where it is large', async () => {
    const all = memories(6)
    for (const memory of all) {
      const bytes = new Uint8Array(limits.ringBytes)
      expect(memory.append(bytes)).toBe(true)
    }
    const { turns, tasks } = bench()
    turns.ask(all, EVERYTHING)
    expect(limits.tasksPerWorker).toBe(2)
    const size = limits.taskBytes / limits.ringBytes
    expect(tasks.map(({ assets: ids }) => ids.length)).toEqual([size, size])
    await tasks[0]!.end()
    expect(idsOf(tasks).flat()).toEqual([2, 3, 4, 5])
  })

  test('what has filled its output goes on before anybody is told that its turn is over', async () => {
    const { turns, tasks, over } = bench()
    const [first, second] = memories(2) as [AssetMemory, AssetMemory]
    turns.ask([first, second], 0)
    let isIdle = false
    const idle = turns.idle(second).then(() => {
      isIdle = true
    })
    await tasks[0]!.end([1])
    expect(idsOf(tasks)).toEqual([[1]])
    expect(over).toEqual([0, 1])
    expect([turns.isAtWork(second), isIdle]).toEqual([true, false])
    await tasks[0]!.end()
    await idle
    expect(over).toEqual([0, 1, 1])
  })

  test('a turn waits for room', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { turns, tasks } = bench({ room: () => promise })
    const [first] = memories(1) as [AssetMemory]
    turns.ask([first], 0)
    expect(tasks).toEqual([])
    resolve()
    await promise
    await expect.poll(() => tasks.length).toBe(1)
  })

  test('what is forgotten has no turn, and whoever waits for it goes on', async () => {
    const { turns, tasks } = bench()
    const all = memories(3)
    turns.ask([all[0]!], 0)
    turns.ask([all[1]!], 0)
    turns.ask([all[2]!], 0)
    const ended = turns.ended(all[2]!)
    turns.forget(all[2]!)
    await ended
    await tasks[0]!.end()
    await tasks[0]!.end()
    expect(tasks).toEqual([])
  })

  test('at the end what is at work is waited for, and nothing begins', async () => {
    const { turns, tasks, isClosed } = bench()
    const all = memories(3)
    for (const memory of all) turns.ask([memory], 0)
    const ended = turns.ended(all[2]!)
    const closed = turns.close()
    await tasks[0]!.end()
    expect(isClosed()).toBe(false)
    await tasks[0]!.end()
    await Promise.all([closed, ended])
    expect([isClosed(), turns.isOpen, tasks.length]).toEqual([true, false, 0])
  })

  test('a worker that fails is reported once and holds nobody', async () => {
    const { turns, tasks, failed } = bench()
    const all = memories(3)
    for (const memory of all) turns.ask([memory], 0)
    const waiting = all.map((memory) => turns.ended(memory))
    await tasks[0]!.fail(new Error('gone'))
    await Promise.all(waiting)
    expect(failed.map(String)).toEqual(['Error: gone'])
    expect([turns.isBroken, turns.isOpen]).toEqual([true, false])
    await turns.ended(all[0]!)
  })
})
