// Guards the import rules of ARCHITECTURE.md: stages do not know each other, what runs in a browser stays free of Node,
// each dependency has one door, and nobody but the entry points reads the clock, chance or the environment.
import { describe, expect, test } from 'vitest'
import { importFaults, importsOf } from './import-rules.ts'
import { filesBelow, textOf } from './source-files.ts'

const files = filesBelow('src').filter((file) => file.endsWith('.ts'))

describe('imports of src', () => {
  test('keep the rules', () => {
    expect(files.length).toBeGreaterThan(80)
    expect(files.flatMap((file) => importFaults(file, textOf(file)))).toEqual([])
  })

  test('point at files that exist', () => {
    const known = new Set([...filesBelow('src')])
    const missing = files.flatMap((file) =>
      importsOf(textOf(file))
        .filter((name) => name.startsWith('.'))
        .map((name) => new URL(name, `file:///${file}`).pathname.slice(1))
        .filter((target) => !known.has(target)),
    )
    expect(missing).toEqual([])
  })
})

describe('the checker', () => {
  test('finds every way to name a file', () => {
    const source = [
      "import { a } from './a.ts'",
      "import type { B } from './b.ts'",
      "import {\n  c,\n  type D,\n} from './c.ts'",
      "import './d.ts'",
      "export { e } from './e.ts'",
      "export * from './f.ts'",
      "const g = await import('./g.ts')",
      "type H = typeof import('./h.ts')",
      "new Worker(new URL('./i.ts', import.meta.url))",
      "app.any('/*', answer)",
      "import './j.ts'",
      "app.get('https://x/*/y', answer)",
      "// import './comment.ts'",
      "/* import './comment.ts' */",
    ].join('\n')
    expect(importsOf(source).sort()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) => `./${name}.ts`),
    )
  })

  test.each([
    ['src/model/x.ts', "import '../wire/frame.ts'"],
    ['src/model/x.ts', "import { join } from 'node:path'"],
    ['src/wire/x.ts', "import type { Log } from '../telemetry/log.ts'"],
    ['src/client/x.ts', "import '../gateway/server.ts'"],
    ['src/client/x.ts', "import { z } from 'zod'"],
    ['src/web/x.ts', "import '../engine/core.ts'"],
    ['src/web/x.ts', "import('node:fs')"],
    ['src/telemetry/x.ts', "import '../engine/engine.ts'"],
    ['src/venues/x.ts', "import '../log/in-process.ts'"],
    ['src/venues/binance/x.ts', "import '../../engine/core.ts'"],
    ['src/log/x.ts', "import '../wire/frame.ts'"],
    ['src/engine/x.ts', "import type { Store } from '../store/store.ts'"],
    ['src/engine/x.ts', "import { Piscina } from 'piscina'"],
    ['src/store/x.ts', "import { createClient } from '@clickhouse/client'"],
    ['src/store/x.ts', "await import('chdb/connection')"],
    ['src/gateway/x.ts', "import '../client/control.ts'"],
    ['src/gateway/x.ts', "import * as uws from 'uWebSockets.js'"],
    ['src/gateway/x.ts', "import '../main.ts'"],
    ['src/log/in-process.ts', "import kafkajs from 'kafkajs'"],
    ['src/backtest.ts', "import '../src/store/store.ts'"],
    ['src/config.ts', "import './run.ts'"],
    ['src/run.ts', "import '../test/requirements.ts'"],
    ['src/run.ts', "import { Command } from 'commander'"],
    ['src/extra.ts', "import './model/assets.ts'"],
    ['src/new-stage/x.ts', "import '../model/assets.ts'"],
    ['src/engine/x.ts', "import left from 'left-pad'"],
    ['src/engine/x.ts', "import './core'"],
    ['src/engine/x.ts', 'const now = Date.now()'],
    ['src/venues/x.ts', 'const now = new Date().getTime()'],
    ['src/venues/x.ts', 'const dice = Math.random'],
    ['src/run.ts', 'const level = process.env.LEVEL'],
  ])('refuses in %s: %s', (file, source) => {
    expect(importFaults(file, source)).toHaveLength(1)
  })

  test.each([
    ['src/main.ts', "import './run.ts'\nconst now = Date.now()"],
    ['src/run.ts', "import './store/store.ts'\nimport { join } from 'node:path'"],
    ['src/gateway/x.ts', "import '../wire/frame.ts'\nimport '../telemetry/log.ts'"],
    ['src/venues/okx/x.ts', "import '../mapper.ts'\nimport '../../model/events.ts'"],
    ['src/engine/x.ts', '// Date.now() would make this differ from run to run\n/* Math.random() too */'],
    ['src/log/kafka-inbox.ts', "import kafkajs from 'kafkajs'"],
    ['src/model/x.ts', 'const day = new Date(ms)'],
  ])('lets pass in %s: %s', (file, source) => {
    expect(importFaults(file, source)).toEqual([])
  })
})
