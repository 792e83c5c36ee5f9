// Guards our own recordings: what was recorded comes back byte by byte, through the reader and through a replay; a file that
// breaks off anywhere gives its whole blocks and then its code; nothing that exists is ever written over.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LmapError } from '../../../src/model/errors.ts'
import { BatchWriter, EventKind } from '../../../src/model/events.ts'
import { limits } from '../../../src/model/limits.ts'
import { openRecording } from '../../../src/venues/recording/reader.ts'
import { createRecorder } from '../../../src/venues/recording/recorder.ts'
import { createReplay } from '../../../src/venues/replay/replay.ts'
import { prng, seed } from '../../reference/prng.ts'
import { requirement, sharedMissing, sharedPath } from '../../requirements.ts'
import { decode } from '../decode.ts'
import { play } from '../replay/play.ts'

const T = 1_763_800_000_000
const folder = mkdtempSync(join(tmpdir(), 'lmap-recording-'))
afterAll(() => rmSync(folder, { recursive: true }))
const name = 'recordings/hftbacktest/usdm_btcusdt_20240808.gz'
const original = sharedPath(name)
const recorded = requirement('a recorded replay', sharedMissing(name))

/** Batches of several assets with sizes and contents drawn by chance. */
function batches(count: number): Uint8Array[] {
  const random = prng(seed)
  const writer = new BatchWriter()
  return Array.from({ length: count }, (_, index) => {
    writer.begin(index % 5, index % 7, index, T + index, T + index, 0.1)
    const records = 1 + Math.floor(random() * random() * 4096)
    for (let i = 0; i < records; i++) {
      writer.add(EventKind.bookLevel, i & 1, Math.floor(random() * 1e6), Math.floor(random() * 1e6) / 1000)
    }
    return writer.take().slice()
  })
}

async function record(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const recorder = createRecorder(path, { kind: 'simulator', createdMs: T })
  for (const part of parts) {
    const written = recorder.write(part)
    if (written !== true) await written
  }
  await recorder.stop()
  await recorder.stop()
}

async function read(path: string): Promise<{ bytes: Buffer; code: string | undefined }> {
  const blocks: Uint8Array[] = []
  let code: string | undefined
  try {
    for await (const block of (await openRecording(path)).blocks()) blocks.push(block)
  } catch (error) {
    code = error instanceof LmapError ? error.code : 'not coded'
  }
  return { bytes: Buffer.concat(blocks), code }
}

describe(`round trip (seed ${seed})`, () => {
  const parts = batches(120)
  const all = Buffer.concat(parts)

  test('the reader and a replay give the same bytes', async () => {
    const path = join(folder, 'whole.lmap')
    await record(path, parts)
    expect(existsSync(`${path}.part`)).toBe(false)
    expect(statSync(path).size).toBeLessThan(all.byteLength)
    expect((await openRecording(path)).meta).toEqual({ kind: 'simulator', createdMs: T })
    const whole = await read(path)
    expect(whole.code).toBeUndefined()
    expect(Buffer.compare(whole.bytes, all)).toBe(0)
    const played = await play(path)
    expect(played).toMatchObject({ code: undefined, status: { progress: 1, rejected: 0, records: decode(all).length } })
    expect(Buffer.compare(played.bytes, all)).toBe(0)
    const some = await play(path, { assets: ['ETH'] })
    expect(new Set(decode(some.bytes).map((record) => record.asset))).toEqual(new Set([1]))
  })

  test('a file that breaks off anywhere gives its whole blocks and then LMAP_FILE_TRUNCATED', async () => {
    const path = join(folder, 'to-cut.lmap')
    await record(path, parts)
    const file = readFileSync(path)
    const random = prng(seed + 1)
    const cuts = [24, 30, file.byteLength - 12, file.byteLength - 1]
    for (let i = 0; i < 20; i++) cuts.push(24 + Math.floor(random() * (file.byteLength - 24)))
    for (const cut of cuts) {
      const broken = join(folder, `cut-${cut}.lmap`)
      writeFileSync(broken, file.subarray(0, cut))
      const { bytes, code } = await read(broken)
      expect(code, `cut at ${cut}`).toBe('LMAP_FILE_TRUNCATED')
      expect(Buffer.compare(bytes, all.subarray(0, bytes.byteLength))).toBe(0)
      const played = await play(broken)
      expect(played.code).toBe('LMAP_FILE_TRUNCATED')
      expect(played.bytes.byteLength).toBe(bytes.byteLength)
    }
  })

  test('a flipped bit never gives wrong bytes', async () => {
    const path = join(folder, 'to-flip.lmap')
    await record(path, parts)
    const file = readFileSync(path)
    const random = prng(seed + 2)
    for (let i = 0; i < 20; i++) {
      const at = 24 + Math.floor(random() * (file.byteLength - 24))
      const flipped = Buffer.from(file)
      flipped[at]! ^= 1 << Math.floor(random() * 8)
      const other = join(folder, `flip-${i}.lmap`)
      writeFileSync(other, flipped)
      const { bytes, code } = await read(other)
      // LZ4 has more than one way to say the same: a flip that changes nothing may pass.
      const isWhole = bytes.byteLength === all.byteLength
      expect(code, `byte ${at}`).toBe(isWhole && code === undefined ? undefined : 'LMAP_FILE_TRUNCATED')
      expect(Buffer.compare(bytes, all.subarray(0, bytes.byteLength))).toBe(0)
    }
  })

  test('a header of another version is refused', async () => {
    const path = join(folder, 'version.lmap')
    await record(path, parts.slice(0, 1))
    const file = readFileSync(path)
    file.writeUInt16LE(9, 8)
    writeFileSync(path, file)
    expect((await play(path)).code).toBe('LMAP_FILE_FORMAT')
  })
})

describe('recorder', () => {
  const [part] = batches(1)

  test('a file that exists, finished or not, is not written over', async () => {
    const path = join(folder, 'once.lmap')
    await record(path, [part!])
    expect(() => createRecorder(path, { kind: 'live', createdMs: T })).toThrow(/LMAP|exists/)
    const other = join(folder, 'twice.lmap')
    const first = createRecorder(other, { kind: 'live', createdMs: T })
    expect(() => createRecorder(other, { kind: 'live', createdMs: T })).toThrow(LmapError)
    await first.stop()
    expect(() => createRecorder(join(folder, 'no/such/folder'), { kind: 'live', createdMs: T })).toThrow(LmapError)
  })

  test('what waits is on the disk after a second, so that a crash costs no more', async () => {
    const path = join(folder, 'crash.lmap')
    const recorder = createRecorder(path, { kind: 'live', createdMs: T })
    expect(recorder.write(part!)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, limits.recordBlockMs + 200))
    const { bytes, code } = await read(`${path}.part`)
    expect(code).toBe('LMAP_FILE_TRUNCATED')
    expect(Buffer.compare(bytes, part!)).toBe(0)
    await recorder.stop()
    expect(await recorder.write(part!)).toBe(false)
    expect((await read(path)).code).toBeUndefined()
  })

  test('it holds its writer back while the disk is behind', async () => {
    const recorder = createRecorder(join(folder, 'full.lmap'), { kind: 'live', createdMs: T })
    const random = prng(seed)
    const noise = Uint8Array.from({ length: limits.recordBlockBytes }, () => Math.floor(random() * 256))
    let held: true | Promise<boolean> = true
    let writes = 0
    while (held === true && writes < 1000) {
      held = recorder.write(noise)
      writes++
    }
    expect(held).not.toBe(true)
    expect(await held).toBe(true)
    expect(writes).toBeLessThanOrEqual(2 + limits.recordBytesMax / limits.recordBlockBytes)
    await recorder.stop()
  })
})

describe.skipIf(recorded.skip)(recorded.title, () => {
  test('replays to the same bytes as the replay it was recorded from', async () => {
    const path = join(folder, 'tee.lmap')
    const recorder = createRecorder(path, { kind: 'replay', createdMs: T })
    await createReplay({ path: original, speed: 'max' }).run(recorder, new AbortController().signal)
    await recorder.stop()
    const [first, second] = [await play(original), await play(path)]
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0)
    expect(second.status.records).toBe(first.status.records)
    console.log(`${first.bytes.byteLength} bytes of batches recorded in ${statSync(path).size}`)
  })
})
