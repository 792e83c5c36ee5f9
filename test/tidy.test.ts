// Guards the shape of the sources: short files with plain names, nothing unfinished, one list of errors and limits that
// is used and documented, and the same numbers on both sides of the core's border.
import { describe, expect, test } from 'vitest'
import { HeadField, VenueField } from '../src/engine/core.ts'
import { errorCodes } from '../src/model/errors.ts'
import { BUCKETS, LAYERS } from '../src/model/layers.ts'
import { limits } from '../src/model/limits.ts'
import { TIMEFRAMES } from '../src/model/timeframes.ts'
import { VENUE_SLOTS } from '../src/model/venues.ts'
import { filesBelow, textOf, withoutComments } from './source-files.ts'

const LINES_MAX = 400
const folders = ['src', 'assembly', 'bench', 'ops', 'test']
const files = folders.flatMap(filesBelow)
const code = files.filter((file) => /\.(ts|js|mjs|css|html|sql|sh)$/.test(file))
const script = code.filter((file) => /\.(ts|js|mjs)$/.test(file))

describe('files', () => {
  test(`have at most ${LINES_MAX} lines`, () => {
    const lines = (file: string): number => textOf(file).split('\n').length - 1
    expect(code.filter((file) => lines(file) > LINES_MAX).map((file) => `${file}: ${lines(file)}`)).toEqual([])
  })

  test('have kebab-case names', () => {
    // Migrations are numbered; documents and tools have names of their own.
    const usual = /^(\d{4}_)?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/
    const given = /^(README\.md|RESULTS\.md|Dockerfile|\.gitignore)$/
    const odd = files.filter((file) => file.split('/').some((part) => !usual.test(part) && !given.test(part)))
    expect(odd).toEqual([])
  })

  test('are named for what they hold', () => {
    expect(files.filter((file) => /(^|[/-])(utils?|helpers?|common|misc)([-./]|$)/.test(file))).toEqual([])
  })

  test('leave nothing for later', () => {
    // In two parts, so that this file does not find itself.
    const later = new RegExp(['TO', 'FIX', 'XX'].map((start, i) => `\\b${start}${['DO', 'ME', 'X'][i]}\\b`).join('|'))
    expect([...code, 'ops/kafka/pom.xml'].filter((file) => later.test(textOf(file)))).toEqual([])
  })

  test('use only syntax that Node can erase', () => {
    const unerasable = /^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace|module)\s+\w+\s*\{/m
    expect(script.filter((file) => unerasable.test(withoutComments(textOf(file))))).toEqual([])
  })

  test('export by name', () => {
    // Tools and the thread pool ask for a default export.
    const tools = new Set(['src/engine/worker.ts'])
    const ours = script.filter((file) => file.startsWith('src/') && !tools.has(file))
    expect(ours.filter((file) => /^export default\b/m.test(textOf(file)))).toEqual([])
  })

  test('keep their fields truly private', () => {
    expect(script.filter((file) => /^\s*(private|protected)\s|\bthis\._/m.test(withoutComments(textOf(file))))).toEqual(
      [],
    )
  })
})

describe('errors', () => {
  const documented = [...textOf('docs/errors.md').matchAll(/^\| `(LMAP_[A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)]

  test('are all documented, each once, and no others', () => {
    expect(documented.map(([, name]) => name).sort()).toEqual([...errorCodes].sort())
  })

  test('are all used', () => {
    const text = textBut('src/model/errors.ts')
    expect(errorCodes.filter((name) => !new RegExp(`'${name}'`).test(text))).toEqual([])
  })
})

test('limits are all used', () => {
  const text = textBut('src/model/limits.ts')
  expect(Object.keys(limits).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
})

describe('both sides of the core', () => {
  const layout = textOf('assembly/layout.ts')

  test.each(Object.entries(HeadField))('head field %s is at %i', (name, offset) => {
    expect(offsetOf(layout, `HEAD_${upper(name)}`)).toBe(offset)
  })

  test.each(Object.entries(VenueField))('venue field %s is at %i', (name, offset) => {
    expect(offsetOf(layout, `V_${upper(name)}`)).toBe(offset)
  })

  test.each(Object.entries({ BUCKETS, LAYERS, TIMEFRAMES, VENUE_SLOTS }))('there are as many %s: %i', (name, count) => {
    expect(offsetOf(layout, name)).toBe(count)
  })

  test('the ring is as long as the limit says', () => {
    expect(offsetOf(layout, 'RING_BYTES')).toBe(limits.ringBytes)
  })
})

/** Everything that runs, without one file. */
function textBut(file: string): string {
  const running = script.filter((one) => (one.startsWith('src/') || one.startsWith('ops/')) && one !== file)
  return running.map((one) => withoutComments(textOf(one))).join('\n')
}

/** Value of a constant of the memory map, counted from the place it is chained to. */
function offsetOf(layout: string, name: string): number | undefined {
  const match = new RegExp(`^export const ${name}: \\w+ = ([^;]+);`, 'm').exec(layout)
  const text = match?.[1]
  if (text === undefined) return undefined
  const shift = /^(\d+) << (\d+)$/.exec(text)
  if (shift !== null) return Number(shift[1]) << Number(shift[2])
  return Number(text.replace(/^[A-Z]+ \+ /, '').replace(/^[A-Z]+$/, '0'))
}

function upper(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}
