import { defineConfig } from 'vitest/config'

// A project of its own: it needs the CDK, which `npm test` installs here before it runs this.
export default defineConfig({
  test: { name: 'infra-aws', include: ['src/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
})
