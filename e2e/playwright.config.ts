import { defineConfig } from 'playwright/test'

// One worker: the journeys measure a whole product, and two at a time on two cores would only wait for each other.
export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  workers: 1,
  fullyParallel: false,
  // Patience for a busy machine; a journey that waits for its turn has not failed.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  forbidOnly: true,
  // A second try tells what fails now and then, which the report names as flaky, from what is broken.
  retries: process.env.CI ? 1 : 0,
  outputDir: '../test-results/journeys',
  use: {
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROME_PATH,
      args: [
        '--no-sandbox',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
