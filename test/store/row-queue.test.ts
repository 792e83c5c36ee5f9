// Guards the bounds of what waits for the store: rows and bytes count until they are settled, at most two checkpoints
// wait for each asset, and whoever waits for room is let go exactly when there is some.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowQueue } from '../../src/store/row-queue.ts'
import { asset, checkpoint, column, liquidation } from './rows.ts'
import { seed } from './samples.ts'

const limits = { storeQueueRowsMax: 10, storeQueueBytesMax: 1 << 30 }

test(`nothing is lost, doubled or turned around (seed ${seed})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('column', 'liquidation', 'take')),
      fc.integer({ min: 1, max: 5 }),
      (steps, most) => {
        const queue = new RowQueue(limits)
        const [given, taken]: [number[], number[]] = [[], []]
        const take = () => {
          const block = queue.take(most)
          expect(block.rows.columns.length + block.rows.liquidations.length).toBeLessThanOrEqual(most)
          taken.push(
            ...block.rows.columns.map(({ openMs }) => openMs),
            ...block.rows.liquidations.map(({ venueMs }) => venueMs),
          )
          queue.settle()
        }
        steps.forEach((step, index) => {
          if (step === 'take') {
            take()
            return
          }
          if (step === 'column') queue.row('columns', column({ openMs: index }), index)
          else queue.row('liquidations', liquidation({ venueMs: index }), index)
          given.push(index)
        })
        expect(queue.rows).toBe(given.length - taken.length)
        while (!queue.isEmpty) take()
        expect(taken.sort((a, b) => a - b)).toEqual(given)
        expect([queue.rows, queue.bytes, queue.settled, queue.oldestMs]).toEqual([0, 0, given.length, undefined])
      },
    ),
    { seed },
  )
})

test('room ends at the limit of rows or bytes and comes back when enough is settled', async () => {
  const queue = new RowQueue({ storeQueueRowsMax: 10, storeQueueBytesMax: 2 * column().cells.byteLength })
  queue.row('columns', column(), 0)
  expect(queue.room).toBe(true)
  queue.row('columns', column(), 1)
  const room = queue.room
  expect(room).toBeInstanceOf(Promise)
  expect(queue.room).toBe(room)
  queue.take(1)
  expect(queue.room).toBe(room)
  queue.settle()
  await room
  expect(queue.room).toBe(true)
  for (let index = 0; index < 9; index++) queue.row('liquidations', liquidation(), index)
  expect(queue.room).not.toBe(true)
})

test('of the checkpoints of an asset the oldest and the newest wait', () => {
  const queue = new RowQueue(limits)
  for (let offset = 1; offset <= 6; offset++) {
    queue.checkpoint(checkpoint({ offset }), offset)
    queue.checkpoint(checkpoint({ asset: asset(1), offset: 10 * offset }), offset)
  }
  expect(queue.rows).toBe(0)
  expect(queue.room).toBe(true)
  expect(queue.take(5).checkpoints.map(({ offset }) => offset)).toEqual([1, 10, 6, 60])
  queue.checkpoint(checkpoint({ offset: 7 }), 7)
  queue.settle()
  expect(queue.take(5).checkpoints.map(({ offset }) => offset)).toEqual([7])
})
