/** First address of an asset's own memory (CONTROL in assembly/layout.ts): what the compiler places must end before it. */
const STATIC_BYTES_MAX = 0x10000

/**
 * What makes a build of the core unusable, read from its text form; undefined if nothing does. Globals and static data
 * belong to an instance, but many instances work on one memory in turn: a mutable global would be lost between two of
 * them, and static data that is written to would be reset by the next instantiation.
 */
export function wasmFault(wat: string): string | undefined {
  const memories = wat.match(/\(import "[^"]*" "[^"]*" \(memory [^)]*\)/g) ?? []
  if (memories.length !== 1) return `${memories.length} memories are imported, expected one`
  if (!memories[0]?.includes('shared')) return 'the memory must be shared'
  if (/^ ?\(memory /m.test(wat)) return 'a memory of its own is defined'
  const mutable = /\(global (\S+) \(mut /.exec(wat)
  if (mutable) return `mutable global ${mutable[1]}: keep state in the asset's memory`
  const other = [...wat.matchAll(/\(import "[^"]*" "([^"]*)" \((\w+)/g)].find(
    ([, name, kind]) => kind !== 'memory' && name !== 'abort',
  )
  if (other) return `unexpected import ${other[1]}`
  for (const [, offset, text] of wat.matchAll(/\(data \S+ \(i32\.const (\d+)\) "((?:[^"\\]|\\.)*)"/g)) {
    const end = Number(offset) + (text ?? '').replace(/\\([0-9a-f]{2}|.)/g, '.').length
    if (end > STATIC_BYTES_MAX) return `static data reaches to ${end}, into the asset's memory`
  }
  return undefined
}
