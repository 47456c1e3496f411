import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Started by `test-oracles.mjs`, which brings up what they are held against; never part of `npm test`.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.oracle.ts'],
    setupFiles: [fileURLToPath(new URL('../lib/vitest-setup.ts', import.meta.url))],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
