/* Where a batch stands in its asset's log, as one number:
     offset = Kafka offset of the message * 4096 + index of the batch in the message
   The position after a batch is its offset + 1, also for the last of a message: nothing stands between them.
   2^53 / 4096 leaves room for 2.2e12 messages in a partition. */
export const BATCHES_PER_MESSAGE = 4096

/** `message` is the decimal text that the broker's offsets come as. */
export function offsetOf(message: string, index: number): number {
  return Number(message) * BATCHES_PER_MESSAGE + index
}

/** The first message that can hold `offset` or what follows it. */
export function messageOf(offset: number): number {
  return Math.floor(offset / BATCHES_PER_MESSAGE)
}
