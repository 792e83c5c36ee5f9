// Guards docs/events.md: its worked bytes are what the writer writes, and its tables name every kind by its number.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BatchWriter, batchBytes, EventKind, PriceKind, RECORDS_MAX, readHeader } from '../../src/model/events.ts'
import { venues } from '../../src/model/venues.ts'

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')
const T = 1_763_800_000_120

test('the worked bytes', () => {
  const writer = new BatchWriter()
  writer.begin(0, 0, 1_763_800_000_123_000, T + 3, T, 0.1)
  writer.add(EventKind.bookReset, 0, 0, 0)
  writer.add(EventKind.bookLevel, 0, 860001, 1.25)
  writer.add(EventKind.bookLevel, 1, 860002, 0)
  writer.add(EventKind.trade, 1, 860001, 0.5, T + 3)
  writer.add(EventKind.liquidation, 0 | (PriceKind.fill << 1), 851203, 0.014, T + 40)
  writer.add(EventKind.openInterest, 0, 860011, 81000.5)
  writer.add(EventKind.markPrice, 0, 0, 86001.15)
  writer.add(EventKind.heartbeat, 1, 0, 0)

  const example = page.slice(page.indexOf('## Worked example'))
  const hex = [...example.matchAll(/^ {4}((?:[0-9a-f]{2} +)+)/gm)]
    .map((match) => match[1]!.replaceAll(' ', ''))
    .join('')
  const bytes = writer.take()
  expect(hex).toBe(Buffer.from(bytes).toString('hex'))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  expect(batchBytes(view, 0)).toBe(bytes.byteLength)
  expect(readHeader(view, 0)).toMatchObject({
    venue: 0,
    asset: 0,
    count: 8,
    receiveMs: T + 3,
    venueMs: T,
    tickSize: 0.1,
  })
})

test('the tables', () => {
  for (const [name, kind] of Object.entries(EventKind)) expect(page).toContain(`| ${kind} | \`${name}\` |`)
  for (const [id, venue] of venues.entries()) expect(page).toContain(`${id} ${venue.label}`)
  expect(page).toContain(`1 to ${RECORDS_MAX.toLocaleString('en')}`)
})
