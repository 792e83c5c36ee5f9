import { setTimeout as sleep } from 'node:timers/promises'
import { prng } from '../../reference/prng.ts'
import type { Rig } from './rig.ts'

/** One way in which a venue misbehaves. */
export interface FaultKind {
  readonly name: string
  /** Does it, and lifts it again where it lasts. */
  inject(rig: Rig): void | Promise<void>
  /** The feed shall not even notice: nothing is lost and nothing is asked for again. */
  readonly isHarmless?: boolean
}

/** How long what lasts lasts: longer than any wait of the quickened feed. */
const LASTS_MS = 1_100

export const faultKinds: readonly FaultKind[] = [
  { name: 'gap', inject: (rig) => once(rig, () => []) },
  { name: 'reorder', inject: reorder },
  { name: 'duplicate', inject: (rig) => always(rig, (text) => [text, text]), isHarmless: true },
  { name: 'one frame in twenty lost', inject: (rig) => lossy(rig, 20) },
  { name: 'stale snapshot', inject: staleSnapshot },
  { name: 'silent after acknowledgement', inject: silent },
  { name: 'one book silent', inject: oneSilent },
  { name: 'half-open connection', inject: (rig) => rig.exchange.freeze() },
  { name: 'disconnect', inject: (rig) => rig.exchange.hangUp() },
  { name: 'disconnect storm', inject: storm },
  { name: 'too often (429)', inject: (rig) => refuse(rig, 429) },
  { name: 'banned (418)', inject: (rig) => refuse(rig, 418) },
  { name: 'overloaded (503)', inject: (rig) => refuse(rig, 503) },
  { name: 'region (451)', inject: (rig) => refuse(rig, 451) },
  { name: 'malformed JSON', inject: (rig) => once(rig, (text) => [`${text.slice(0, -2)},}`]) },
  { name: 'truncated frame', inject: (rig) => once(rig, (text) => [text.slice(0, text.length >> 1)]) },
  { name: 'wrong types', inject: (rig) => once(rig, (text) => replaced(text, LEVEL, '$1{"a":1}$3')) },
  { name: 'absurd price', inject: (rig) => once(rig, (text) => replaced(text, BID, '$1$20$3')) },
  { name: 'absurd size', inject: (rig) => once(rig, (text) => replaced(text, SIZE, '$11e30$3')) },
  { name: 'clock skew', inject: skew },
  { name: 'tick size halved', inject: halveTick },
  { name: 'delisting', inject: (rig) => void (rig.exchange.market.books.at(-1)!.isListed = false) },
]

/** The first level, the first bid that is not taken away and the first size of a frame, as lists and as objects. */
const LEVEL = /(\[\[|"px":)("[\d.]+")(,)/
const BID = /("b(?:ids)?":\[\["|"levels":\[\[\{"px":")(\d+)(\.?\d*",(?:"sz":)?"(?![0.]+"))/
const SIZE = /(\[\["[\d.]+",|"sz":)("[\d.]+")([\],}])/

/** Undefined where the frame has nothing of the kind: the next one is tried. */
function replaced(text: string, pattern: RegExp, by: string): readonly string[] | undefined {
  return pattern.test(text) ? [text.replace(pattern, by)] : undefined
}

function topicOf(rig: Rig): string {
  return rig.exchange.script.bookTopic(rig.exchange.market.books[0]!.symbol)
}

/** Does it to the next frame of one book for which it works. */
function once(rig: Rig, change: (text: string) => readonly string[] | undefined): void {
  const wanted = topicOf(rig)
  rig.exchange.faults.data = (text, topic) => {
    const changed = topic === wanted ? change(text) : undefined
    if (changed === undefined) return [text]
    rig.exchange.faults.data = undefined
    return changed
  }
}

async function always(rig: Rig, change: (text: string, topic: string) => readonly string[]): Promise<void> {
  rig.exchange.faults.data = change
  await sleep(LASTS_MS)
  rig.exchange.faults.clear()
}

function reorder(rig: Rig): void {
  const wanted = topicOf(rig)
  let held: string | undefined
  rig.exchange.faults.data = (text, topic) => {
    if (topic !== wanted) return [text]
    if (held === undefined) {
      held = text
      return []
    }
    rig.exchange.faults.data = undefined
    return [text, held]
  }
}

/** One frame in so many, of whatever topic, never arrives; the first of one book among them. */
async function lossy(rig: Rig, every: number): Promise<void> {
  const random = prng(every)
  const wanted = topicOf(rig)
  let isBegun = false
  await always(rig, (text, topic) => {
    const isFirst = !isBegun && topic === wanted
    isBegun ||= isFirst
    return isFirst || random() < 1 / every ? [] : [text]
  })
}

/** The book is lost, and for a while every snapshot is one of long ago. */
async function staleSnapshot(rig: Rig): Promise<void> {
  const { exchange } = rig
  const wanted = topicOf(rig)
  const old = exchange.script.first(wanted, exchange.market, exchange.nowMs)
  const bodies = new Map<string, string>()
  let isGapMade = false
  let isOver = false
  // What was asked for by REST the first time is the answer from now on.
  exchange.faults.rest = (path, right) => {
    const body = bodies.get(path)
    if (body !== undefined && !isOver) return { status: 200, body }
    const reply = right()
    bodies.set(path, reply.body)
    return reply
  }
  exchange.faults.data = (text, topic, isFirst) => {
    if (topic !== wanted) return [text]
    if (isFirst && old.length > 0) return old
    if (isGapMade) return [text]
    isGapMade = true
    return []
  }
  await sleep(LASTS_MS)
  isOver = true
  exchange.faults.clear()
}

async function silent(rig: Rig): Promise<void> {
  rig.exchange.faults.isMute = true
  await sleep(LASTS_MS)
  rig.exchange.faults.clear()
}

async function oneSilent(rig: Rig): Promise<void> {
  // Not the first: that one may be its socket's pulse.
  const wanted = rig.exchange.script.bookTopic(rig.exchange.market.books[1]!.symbol)
  rig.exchange.faults.data = (text, topic) => (topic === wanted ? [] : [text])
  await sleep(2 * LASTS_MS)
  rig.exchange.faults.clear()
}

async function storm(rig: Rig): Promise<void> {
  rig.exchange.faults.isHangingUp = true
  for (let i = 0; i < 9; i++) {
    rig.exchange.hangUp()
    await sleep(LASTS_MS / 9)
  }
  rig.exchange.faults.clear()
}

/** Neither requests nor sockets are let in. */
async function refuse(rig: Rig, status: number): Promise<void> {
  const { exchange } = rig
  exchange.faults.rest = () => ({ status, headers: status === 418 ? { 'retry-after': '1' } : {}, body: '{}' })
  exchange.faults.upgradeStatus = status
  exchange.hangUp()
  await sleep(LASTS_MS)
  exchange.faults.clear()
}

async function skew(rig: Rig): Promise<void> {
  rig.exchange.faults.skewMs = 3_600_000
  await sleep(LASTS_MS)
  rig.exchange.faults.clear()
}

function halveTick(rig: Rig): void {
  for (const of of rig.exchange.market.books) of.isFine = true
}
