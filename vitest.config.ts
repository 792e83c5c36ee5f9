import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process for each file: the embedded database is one to a process, and so are sockets and workers.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
