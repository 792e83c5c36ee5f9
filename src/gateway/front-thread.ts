import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { assert, type LmapError } from '../model/errors.ts'
import { RingReader } from './broadcast-ring.ts'
import { hellos } from './catalogue.ts'
import { CounterTally } from './counter-tally.ts'
import { createFront } from './front.ts'
import { frontMetrics } from './gateway-metrics.ts'
import { errorReply, type Reply, type Request } from './reply.ts'
import {
  errorOf,
  type Fault,
  type FromThread,
  faultOf,
  type ThreadData,
  type ThreadReply,
  type ToThread,
} from './thread-protocol.ts'

/* One gateway thread: sockets and fan-out. What is sent comes encoded through the ring, requests are answered by the
   main thread, and whoever asks for anything asks there. */

type Piece = Extract<ToThread, { kind: 'piece' }>

const port = parentPort
assert(port !== null, 'this file runs as a worker')
const data = workerData as ThreadData
const { limits, origin, host } = data
let { plans } = data
// The main thread's clock, kept going by ours between two of its messages.
let clockMs = data.nowMs - performance.now()
const now = () => clockMs + performance.now()

let ids = 0
let isEnding = false
const entering = new Map<number, (refusal: LmapError | undefined) => void>()
const asking = new Map<number, (reply: ThreadReply) => void>()
const reading = new Map<number, (next: Piece) => void>()

const tally = new CounterTally()
const ring = new RingReader(data.ring, data.position)
const front = createFront({
  host,
  proxies: data.proxies,
  limits,
  metrics: frontMetrics(tally),
  supply: {
    acquire: (topic) => say({ kind: 'acquire', topic }),
    release: (topic) => say({ kind: 'release', topic }),
    want: (topic, part) => say({ kind: 'want', topic, part, position: ring.position }),
  },
  now,
  hello: hellos(origin),
  plans: plans === undefined ? undefined : () => plans!,
  answer,
  enter(entrant) {
    const id = ++ids
    say({ kind: 'enter', id, entrant })
    return new Promise((resolve) => entering.set(id, resolve))
  },
  leave: (entrant) => say({ kind: 'leave', entrant }),
})
const counting = setInterval(count, limits.clientSweepMs)

// A thread that ends with open sockets takes the whole process with it, so it closes them whatever has happened.
process.on('uncaughtException', (error) => void end(faultOf(error)))
process.on('unhandledRejection', (error) => void end(faultOf(error)))
port.on('message', (message: ToThread) => receive(message))
try {
  await front.start(data.port)
  say({ kind: 'started' })
} catch (error) {
  await end(faultOf(error))
}

function receive(message: ToThread): void {
  if (message.kind === 'wake') {
    clockMs = message.nowMs - performance.now()
    front.fanOut.applyCuts()
    if (!ring.read(front.fanOut.channels, now())) front.fanOut.channels.renewAll()
  } else if (message.kind === 'plans') {
    plans = message.plans
    void front.fanOut.recheck()
  } else if (message.kind === 'entered') {
    settle(entering, message.id, message.refusal && errorOf(message.refusal))
  } else if (message.kind === 'reply') settle(asking, message.id, message.reply)
  else if (message.kind === 'piece') settle(reading, message.id, message)
  else void end(undefined)
}

/** Asks the main thread, which has the map. */
async function answer(request: Request): Promise<Reply> {
  if (asking.size >= limits.requestsForwardedMax) {
    return errorReply(503, 'LMAP_LIMIT', `${asking.size} requests wait for an answer.`, 'Try again.')
  }
  const id = ++ids
  say({ kind: 'request', id, request })
  const { status, headers, body } = await new Promise<ThreadReply>((resolve) => asking.set(id, resolve))
  return { status, headers, body: body ?? pieces(id) }
}

/** Asks for one piece after the other; whoever stops in the middle says so. */
function pieces(id: number): AsyncIterableIterator<string> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      say({ kind: 'next', id })
      const { piece, fault } = await new Promise<Piece>((resolve) => reading.set(id, resolve))
      if (fault !== undefined) throw errorOf(fault)
      return piece === undefined ? { done: true, value: undefined } : { done: false, value: piece }
    },
    async return() {
      say({ kind: 'drop', id })
      return { done: true, value: undefined }
    },
  }
}

async function end(fault: Fault | undefined): Promise<void> {
  if (isEnding) return
  isEnding = true
  clearInterval(counting)
  let last = fault
  try {
    await front.stop()
  } catch (error) {
    last ??= faultOf(error)
  }
  // uWebSockets lets go of its handles in a turn of its own.
  await setImmediate()
  count()
  if (last !== undefined) say({ kind: 'failed', fault: last })
  port?.close()
}

function count(): void {
  const { clientCount: clients, subscriptionCount: subscriptions } = front.fanOut
  say({ kind: 'counts', tally: tally.take(), clients, subscriptions })
}

function settle<Result>(waiting: Map<number, (result: Result) => void>, id: number, result: Result): void {
  const resolve = waiting.get(id)
  waiting.delete(id)
  resolve?.(result)
}

function say(message: FromThread): void {
  port?.postMessage(message)
}
