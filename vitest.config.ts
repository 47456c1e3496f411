import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Unit and contract tests stand beside the source; integration tests import the built package by its name,
// so `npm test` builds first. Tests compiled into dist/ and the Playwright journeys are not vitest's business.
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const project = (name: string, root: string, ...setups: string[]) => ({
  test: {
    name,
    root,
    include: ['**/*.test.{ts,tsx}'],
    exclude: ['aws/**', '**/dist/**', '**/.next/**', '**/node_modules/**', '**/journeys/**'],
    setupFiles: ['infra/lib/vitest-setup.ts', ...setups].map(fileOf),
    // Patience for a busy machine, nothing is measured by it: a poll that gives up after a second is a red run for nothing.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
})

// Has a lock of its own; `npm test` installs it first.
const cdk = new URL('infra/aws/node_modules', import.meta.url)

export default defineConfig({
  test: {
    globalSetup: fileOf('infra/lib/vitest-temp.ts'),
    projects: [
      project('executor', 'packages/executor'),
      project('pipeline', 'packages/pipeline'),
      project('runner', 'apps/runner'),
      project('web', 'apps/web', 'apps/web/src/lib/vitest-setup.ts'),
      project('infra', 'infra'),
      project('e2e', 'e2e'),
      ...(existsSync(cdk) ? ['infra/aws/vitest.config.ts'] : []),
    ],
  },
})
