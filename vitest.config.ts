import { defineConfig } from 'vitest/config'

const report = process.env.LMAP_TEST_REPORT

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process for each file: the embedded database is one to a process, and so are sockets and workers.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A report for machines beside the one for people; .ci/run counts with it.
    ...(report === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: report } }),
  },
})
