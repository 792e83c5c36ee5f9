import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

/**
 * Reads, and once more after a while where the server was reading as much as it may for others: some maps beside each other
 * ask for more at a time than one client's share.
 */
export async function whenFree<Answer>(read: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (let tried = 1; ; tried++) {
    try {
      return await read()
    } catch (error) {
      const isBusy = error instanceof LmapError && error.code === 'LMAP_LIMIT'
      if (!isBusy || tried === limits.clientBusyTriesMax) throw error
      await pause(limits.clientBusyMs * 2 ** (tried - 1), signal)
    }
  }
}

/** Rejects with the signal's reason when it is given up. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const giveUp = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }, ms)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}
