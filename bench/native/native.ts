import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LevelUpdate } from '../books.ts'

/** Medians of the C build, see bench/native/core.c. */
export interface NativeFigures {
  readonly levelNs: number
  readonly columnUs: number
  readonly sweepNs: number
  readonly stepNs: number
  readonly mapUs: number
}

const UPDATE_BYTES = 24

/** Compiles and runs the C kernels on the same updates; undefined where there is no gcc. */
export function runNative(updates: readonly LevelUpdate[], rounds: number): NativeFigures | undefined {
  if (spawnSync('gcc', ['--version']).error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'lmap-native-'))
  try {
    const program = join(folder, 'core')
    const source = fileURLToPath(new URL('./core.c', import.meta.url))
    // For this machine, as the wasm compiler does: without it floor() is a call.
    execFileSync('gcc', ['-O3', '-march=native', '-o', program, source, '-lm'])
    const bytes = new DataView(new ArrayBuffer(updates.length * UPDATE_BYTES))
    updates.forEach((update, i) => {
      const at = i * UPDATE_BYTES
      bytes.setUint32(at, update.book, true)
      bytes.setUint32(at + 4, update.asset, true)
      bytes.setUint32(at + 8, update.side, true)
      bytes.setUint32(at + 12, update.tick, true)
      bytes.setFloat64(at + 16, update.size, true)
    })
    const workload = join(folder, 'updates')
    writeFileSync(workload, bytes)
    return JSON.parse(execFileSync(program, [workload, String(rounds)], { encoding: 'utf8' })) as NativeFigures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
