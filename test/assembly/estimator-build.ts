import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = ['--runtime', 'stub', '--enable', 'threads,simd,bulk-memory', '--importMemory', '--sharedMemory']
const MEMORY = ['--noExportMemory', '--initialMemory', '1', '--maximumMemory', '65536']
/** Given instead of asconfig.json, whose entry is the whole core. */
const NO_CONFIG = 'none.json'
const PAGES = 32

export type Build = 'debug' | 'release'
/** Where tests put a region: above the compiler's static data. */
export const BASE = 0x10000

/** What a build of some files of the core exports; addresses and sizes are in bytes. */
export interface Kernel {
  readonly memory: WebAssembly.Memory
  readonly f64: Float64Array
  call(name: string, ...numbers: number[]): number
  constant(name: string): number
}

/** Compiles files of assembly/ by themselves, with the flags of asconfig.json. */
export async function compile(build: Build, ...files: string[]): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined
  const level = build === 'release' ? ['-O3'] : ['--debug']
  const { error, stderr } = await asc.main(
    [...files, '--baseDir', root, '--config', NO_CONFIG, '--outFile', 'out.wasm', ...FLAGS, ...MEMORY, ...level],
    {
      readFile: (name, folder) => {
        if (name === NO_CONFIG) return '{}'
        try {
          return readFileSync(join(folder, name), 'utf8')
        } catch {
          return null // the compiler asks for names that may exist
        }
      },
      writeFile: (name, data) => {
        if (name === 'out.wasm') binary = data as Uint8Array
      },
    },
  )
  if (error || binary === undefined) throw new Error(`${files.join(', ')} do not compile:\n${stderr.toString()}`)
  return new WebAssembly.Module(binary as BufferSource)
}

/** The same, instantiated on a memory of its own. */
export async function compileKernel(build: Build, ...files: string[]): Promise<Kernel> {
  const module = await compile(build, ...files)
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared: true })
  const abort = () => {
    throw new Error('abort in the kernel')
  }
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } })
  return {
    memory,
    f64: new Float64Array(memory.buffer),
    call: (name, ...numbers) => (exports[name] as (...all: number[]) => number)(...numbers),
    constant: (name) => (exports[name] as WebAssembly.Global).value as number,
  }
}
