import { assetByName } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import { timeframeId } from '../model/timeframes.ts'
import type { Control } from './control.ts'

type Acknowledgement = Extract<Control, { op: 'ack' }>
type Read = Acknowledgement['read'][number]

const FIELDS = 2
const SEQUENCE_END = 2 ** 32

/**
 * Reads the one message that every client sends each second, twenty times as fast as the schema of all messages does.
 * Undefined where anything is not as it should be: then that schema says what.
 */
export function readAcknowledgement(message: unknown): Acknowledgement | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { op, sequence } = message as { op?: unknown; sequence?: unknown }
  if (op !== 'ack' || !Array.isArray(sequence) || sequence.length > limits.clientStreamsMax) return undefined
  if (Object.keys(message).length !== FIELDS) return undefined
  const read: Read[] = []
  for (const entry of sequence) {
    const one = readEntry(entry)
    if (one === undefined) return undefined
    read.push(one)
  }
  return { op, read }
}

function readEntry(entry: unknown): Read | undefined {
  if (!Array.isArray(entry) || entry.length !== 3) return undefined
  const [assetName, timeframeName, sequence] = entry as unknown[]
  if (typeof assetName !== 'string' || typeof timeframeName !== 'string') return undefined
  if (typeof sequence !== 'number' || !Number.isInteger(sequence)) return undefined
  if (sequence < 0 || sequence >= SEQUENCE_END) return undefined
  const asset = assetByName(assetName)
  const timeframe = timeframeId(timeframeName)
  return asset === undefined || timeframe < 0 ? undefined : { asset: asset.id, timeframe, sequence }
}
