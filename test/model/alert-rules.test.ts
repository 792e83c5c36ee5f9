// Guards the predicate that page, server and back-test share: each field of a rule on its own against what matches and
// what does not, rules read strictly and written back the same, and the gate that lets a firing through once.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AlertGate } from '../../src/model/alert-gate.ts'
import { alertRuleJson, readAlertRule } from '../../src/model/alert-json.ts'
import { alertKinds, alertMatches, alertWords } from '../../src/model/alert-rules.ts'
import { distanceBpOf, subjectOfFacts, subjectOfReport, subjectsOfColumn } from '../../src/model/alert-subject.ts'
import { assets } from '../../src/model/assets.ts'
import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import { reportFacts } from '../../src/model/report-facts.ts'
import { venues } from '../../src/model/venues.ts'
import { subject, sweep, wall } from '../alerts/samples.ts'
import { asset, column, startMs } from '../store/rows.ts'

const rule = (fields: object = {}) => readAlertRule({ name: 'n', kind: 'wall', ...fields })

describe('a rule', () => {
  test.each([
    ['nothing but its kind', {}, {}, true],
    ['another kind', { kind: 'sweep' }, {}, false],
    ['its asset', { assets: ['btc', 'ETH'] }, {}, true],
    ['other assets', { assets: ['ETH'] }, {}, false],
    ['its side', { sides: ['bid'] }, {}, true],
    ['the other side', { sides: ['ask'] }, {}, false],
    ['its state', { states: ['active', 'filled'] }, {}, true],
    ['another state', { states: ['pulled'] }, {}, false],
    ['as many USD', { usdMin: 2e6 }, {}, true],
    ['more USD', { usdMin: 2e6 + 1 }, {}, false],
    ['a distance of 0.3 % below', { distancePercentMax: 0.3 }, {}, true],
    ['a distance of 0.3 % above', { distancePercentMax: 0.3 }, { distanceBp: 30 }, true],
    ['less distance', { distancePercentMax: 0.29 }, {}, false],
    ['a distance that nobody knows', { distancePercentMax: 30 }, { distanceBp: undefined }, false],
    ['as little spoof', { spoofMax: 0.2 }, {}, true],
    ['less spoof', { spoofMax: 0.1 }, {}, false],
    ['one of its venues', { venues: ['okx', 'binance'] }, {}, true],
    ['none of its venues', { venues: ['okx'] }, {}, false],
  ] as const)('that asks for %s', (_, fields, of, matches) => {
    expect(alertMatches(rule(fields), subject(of as object))).toBe(matches)
  })

  test('asks for the score of a convergence', () => {
    const of = { kind: 'convergence', side: 'support', state: 'chip', spoof: undefined } as const
    const strong = rule({ kind: 'convergence', scoreMin: 0.4 })
    expect(alertMatches(strong, subject({ ...of, score: 0.4 }))).toBe(true)
    expect(alertMatches(strong, subject({ ...of, score: 0.39 }))).toBe(false)
    expect(alertMatches(strong, subject({ ...of, score: undefined }))).toBe(false)
  })

  test.each([
    ['no object', 5, /object/],
    ['a list', [], /object/],
    ['no name', { kind: 'wall' }, /name/],
    ['a name of two lines', { name: 'a\nb', kind: 'wall' }, /name/],
    ['a name that is too long', { name: 'x'.repeat(81), kind: 'wall' }, /name/],
    ['a kind that there is not', { name: 'n', kind: 'constructor' }, /kind/],
    ['a word too many', { name: 'n', kind: 'wall', extra: 1 }, /"extra"/],
    ['an asset that there is not', { name: 'n', kind: 'wall', assets: ['ZZZ'] }, /assets.*ZZZ/],
    ['no assets in its list', { name: 'n', kind: 'wall', assets: [] }, /assets/],
    ['assets that are no names', { name: 'n', kind: 'wall', assets: [{}] }, /assets/],
    ['a side of another kind', { name: 'n', kind: 'wall', sides: ['buy'] }, /sides.*buy/],
    ['a state of another kind', { name: 'n', kind: 'sweep', states: ['active'] }, /states/],
    ['USD below nothing', { name: 'n', kind: 'wall', usdMin: -1 }, /usdMin/],
    ['USD as text', { name: 'n', kind: 'wall', usdMin: '5' }, /usdMin/],
    ['too far a distance', { name: 'n', kind: 'wall', distancePercentMax: 31 }, /distance/],
    ['a score of a wall', { name: 'n', kind: 'wall', scoreMin: 0.5 }, /scoreMin.*convergence/],
    ['a spoof score of a sweep', { name: 'n', kind: 'sweep', spoofMax: 0.5 }, /spoofMax.*wall/],
    ['venues of a cluster', { name: 'n', kind: 'cluster', venues: ['okx'] }, /venues/],
    ['a cool-down without end', { name: 'n', kind: 'wall', cooldownSeconds: 1e9 }, /cooldown/],
  ])('with %s is refused with its place', (_, value, place) => {
    expect(() => readAlertRule(value)).toThrow(
      expect.objectContaining({ code: 'LMAP_REQUEST_INVALID', message: expect.stringMatching(place) }),
    )
  })

  test('is read or refused with a code, whatever it is', () => {
    const fields = ['name', 'kind', 'assets', 'usdMin', 'sides', 'states', 'venues', 'cooldownSeconds', '__proto__']
    const any = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...fields), fc.anything()))
    fc.assert(
      fc.property(any, (value) => {
        try {
          readAlertRule(value)
        } catch (error) {
          expect(error).toMatchObject({ code: 'LMAP_REQUEST_INVALID' })
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('is written as it was read, whatever it is', () => {
    const some = <Value>(values: readonly Value[]) =>
      fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined })
    const number = (most: number) => fc.option(fc.double({ min: 0, max: most, noNaN: true }), { nil: undefined })
    const anyRule = fc.constantFrom(...alertKinds).chain((kind) =>
      fc.record({
        name: fc.stringMatching(/^[A-Za-z0-9 ]{0,20}x$/),
        kind: fc.constant(kind),
        assets: some(assets.map(({ name }) => name)),
        usdMin: number(1e12),
        distancePercentMax: number(30),
        sides: some(alertWords[kind].sides),
        states: some(alertWords[kind].states),
        scoreMin: kind === 'convergence' ? number(1) : fc.constant(undefined),
        spoofMax: kind === 'wall' ? number(1) : fc.constant(undefined),
        venues: kind === 'cluster' ? fc.constant(undefined) : some(venues.map(({ name }) => name)),
        cooldownSeconds: fc.integer({ min: 0, max: 86_400 }),
      }),
    )
    fc.assert(
      fc.property(anyRule, (value) => {
        const read = readAlertRule(value)
        expect(readAlertRule(JSON.parse(JSON.stringify(alertRuleJson(read))))).toEqual(read)
      }),
    )
  })
})

describe('what rules see', () => {
  test('of a wall that is over is what it was', () => {
    expect(subjectOfReport(wall(), 60_000).usd).toBe(2e6)
    expect(subjectOfReport(wall({ state: 'filled', usd: 0 }), 60_000)).toMatchObject({ usd: 2.5e6, state: 'filled' })
  })

  test('is the same of rows as they leave the server', () => {
    for (const row of [wall(), wall({ state: 'pulled' }), sweep(), sweep({ liquidationDriven: true })]) {
      expect(subjectOfFacts(reportFacts(row), 60_060)).toEqual(subjectOfReport(row, 60_060))
    }
    expect(subjectOfFacts({ ...reportFacts(wall()), asset: 'ZZZ' }, 60_060)).toBeUndefined()
  })

  test('of a sweep says whether liquidations drove it, and how far its end is from price', () => {
    const driven = subjectOfReport(sweep({ liquidationDriven: true }), 60_060)
    expect(driven).toMatchObject({ state: 'driven', venues: [1], spoof: undefined })
    expect(driven.distanceBp).toBeCloseTo(-10, 1)
    expect(subjectOfReport(sweep(), 0)).toMatchObject({ state: 'plain', distanceBp: undefined })
    expect(distanceBpOf(101, 100)).toBeCloseTo(100)
  })

  test('of a closed column are its modelled clusters, the same one for a day', () => {
    const cells = column().cells
    const at = 1_500
    cells[Layer.shortLevel * BUCKETS + at] = codeOfUsd(5e6, 10)
    const closed = column({ cells, baseBucket: 0, close: 43_000 })
    const day = Date.UTC(2026, 0, 31)
    const [found, ...more] = subjectsOfColumn(asset(0), closed, day)
    expect(more).toEqual([])
    expect(found).toMatchObject({ kind: 'cluster', side: 'short', state: 'modelled', price: (at + 0.5) * 30 })
    expect(found!.usd / 5e6).toBeCloseTo(1, 1)
    expect(found!.distanceBp).toBeCloseTo((45_015 / 43_000 - 1) * 1e4, 6)
    expect(subjectsOfColumn(asset(0), closed, day + 80_000_000)[0]!.id).toBe(found!.id)
    expect(subjectsOfColumn(asset(0), closed, day + 90_000_000)[0]!.id).not.toBe(found!.id)
    expect(subjectsOfColumn(asset(0), column({ close: 0 }), startMs)).toEqual([])
  })
})

describe('the gate', () => {
  const quick = rule({ cooldownSeconds: 0 })

  test('lets the same report through once, and in another state only where the rule names states', () => {
    const gate = new AlertGate()
    expect(gate.pass('a', quick, subject())).toBe(true)
    expect(gate.pass('a', quick, subject({ atMs: startMs + 1 }))).toBe(false)
    expect(gate.pass('a', quick, subject({ state: 'filled' }))).toBe(false)
    expect(gate.pass('b', quick, subject())).toBe(true)
    const named = rule({ cooldownSeconds: 0, states: ['active', 'filled'] })
    expect(gate.pass('c', named, subject())).toBe(true)
    expect(gate.pass('c', named, subject())).toBe(false)
    expect(gate.pass('c', named, subject({ state: 'filled' }))).toBe(true)
  })

  test('is silent for an asset as long as the rule says, by venue time', () => {
    const gate = new AlertGate()
    const slow = rule({ cooldownSeconds: 60 })
    expect(gate.pass('a', slow, subject())).toBe(true)
    expect(gate.pass('a', slow, subject({ id: '2', atMs: startMs + 59_999 }))).toBe(false)
    expect(gate.pass('a', slow, subject({ id: '3', asset: asset(1), atMs: startMs + 1 }))).toBe(true)
    // What came in the silence is not told later.
    expect(gate.pass('a', slow, subject({ id: '2', atMs: startMs + 60_000 }))).toBe(false)
    expect(gate.pass('a', slow, subject({ id: '5', atMs: startMs + 60_000 }))).toBe(true)
    // A replay that begins anew.
    expect(gate.pass('a', slow, subject({ id: '4', atMs: startMs - 1_000_000 }))).toBe(true)
  })

  test('remembers over a restart, and no more than it may', () => {
    const gate = new AlertGate(undefined, 3)
    for (const id of ['1', '2', '3', '4']) gate.pass('a', quick, subject({ id }))
    const next = new AlertGate(JSON.parse(JSON.stringify(gate.memory())), 3)
    expect(next.memory().fired).toHaveLength(3)
    // What is told again is remembered longer than what is not.
    expect(next.pass('a', quick, subject({ id: '2' }))).toBe(false)
    expect(next.pass('a', quick, subject({ id: '1' }))).toBe(true)
    expect(next.pass('a', quick, subject({ id: '2' }))).toBe(false)
    expect(next.pass('a', quick, subject({ id: '3' }))).toBe(true)
  })
})
