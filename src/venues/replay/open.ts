import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LmapError } from '../../model/errors.ts'
import { isRecording, RECORDING_MAGIC } from '../recording/format.ts'
import { openBatches } from './batches.ts'
import { isCryptofeed, openCryptofeed } from './cryptofeed.ts'
import { isHftbacktest, openHftbacktest } from './hftbacktest.ts'
import { isHyperliquidFile, openHyperliquid } from './hyperliquid.ts'
import { openLines, unreadable } from './lines.ts'
import type { Recording } from './recording.ts'

const HEAD_LINES = 200

/** Recognises a recording by its content, and by its name where the content does not say all. */
export async function openPath(path: string, assets?: readonly string[]): Promise<Recording> {
  if (await isFolder(path)) return openFolder(path, assets)
  if (isRecording(await firstBytes(path))) return openBatches(path, assets)
  const head = await firstLines(path)
  if (isHftbacktest(head)) return openHftbacktest(path, head, assets)
  if (isCryptofeed(head)) return openCryptofeed(path, head, assets)
  if (isHyperliquidFile(path) && head[0]?.startsWith('{"ts":')) return openHyperliquid([path], assets)
  throw unknownFormat(path, 'is no recording that can be recognised')
}

/** A folder is one recording where its files belong together; else the choice is the user's. */
async function openFolder(path: string, assets: readonly string[] | undefined): Promise<Recording> {
  const files = (await readdir(path)).filter(isHyperliquidFile).sort()
  if (files.length === 0) throw unknownFormat(path, 'is a folder, and its files are not parts of one recording')
  return openHyperliquid(
    files.map((file) => join(path, file)),
    assets,
  )
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function firstBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(
        new Uint8Array(RECORDING_MAGIC.length),
        0,
        RECORDING_MAGIC.length,
        0,
      )
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Enough to know the format by. A file that breaks this early is still told as broken when it is replayed. */
async function firstLines(path: string): Promise<string[]> {
  const head: string[] = []
  try {
    for await (const lines of openLines(path).lines()) {
      head.push(...lines.slice(0, HEAD_LINES - head.length))
      if (head.length >= HEAD_LINES) break
    }
  } catch (error) {
    if (!(error instanceof LmapError) || error.code !== 'LMAP_FILE_TRUNCATED' || head.length === 0) throw error
  }
  return head
}

function unknownFormat(path: string, what: string): LmapError {
  const hint =
    'Known are our own recordings, hftbacktest (Binance), cryptofeed (.ws files) and Hyperliquid JSON lines (l2_BTC_...).'
  return new LmapError('LMAP_FILE_FORMAT', `${path} ${what}.`, { hint })
}
