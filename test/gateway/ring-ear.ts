// A thread that reads a ring as fast as it can while another writes, and tells what it heard.
import { parentPort, workerData } from 'node:worker_threads'
import { RingReader } from '../../src/gateway/broadcast-ring.ts'
import type { Message } from '../../src/gateway/channel.ts'

const result = { read: 0, torn: 0, disordered: 0, overruns: 0 }
let last = -1
let isOver = false

function hear({ sequence, bytes }: Message): void {
  result.read++
  // Each byte of a message is its sequence; a message made of two would have two kinds.
  if (bytes.some((byte) => byte !== (sequence & 255))) result.torn++
  if (sequence <= last) result.disordered++
  last = sequence
}

const { memory, place } = workerData as { memory: SharedArrayBuffer; place: Int32Array }
const reader = new RingReader(memory, 0)
const ear = {
  message: hear,
  opening: hear,
  renew() {
    isOver = true
  },
}
parentPort?.postMessage('ready')
while (!isOver) {
  if (!reader.read(ear, 0)) result.overruns++
  Atomics.store(place, 0, reader.position | 0)
  Atomics.notify(place, 0)
}
parentPort?.postMessage(result)
