/** `npm test`: sets itself up on a fresh clone, then lint, types, unit and contract tests, and the journeys in Chromium. */
import { mkdirSync, readFileSync } from 'node:fs'
import { build } from './build.mjs'
import { journeys } from './e2e.mjs'
import { ensureBrowser } from './lib/browser.mjs'
import { checkNode, install } from './lib/install.mjs'
import { bin, fail, ROOT, run, StepError, step } from './lib/steps.mjs'
import { ensurePrograms } from './lib/system.mjs'

const RESULTS = `${ROOT}test-results`
const UNIT = `${RESULTS}/unit.json`
const JOURNEYS = `${RESULTS}/journeys.json`

/** Runs a test runner to its end even when tests fail; the counts decide. */
async function settle(work, counts) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StepError)) throw error
  }
  return counts()
}

function unitCounts() {
  const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(readFileSync(UNIT, 'utf8'))
  // A file that fails to load has no failed test of its own.
  return {
    passed: numPassedTests,
    failed: success ? numFailedTests : Math.max(1, numFailedTests),
    skipped: numPendingTests,
  }
}

function journeyCounts() {
  const { stats } = JSON.parse(readFileSync(JOURNEYS, 'utf8'))
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
}

async function main() {
  checkNode()
  mkdirSync(RESULTS, { recursive: true })
  await install()
  await install(`${ROOT}infra/aws`, 'Install the CDK')
  await step('Find a browser', ensureBrowser)
  await ensurePrograms()
  await step('Lint', () => run(process.execPath, [bin('@biomejs/biome', 'bin/biome'), 'check', '.']))
  await build()
  await step('Types', () => run(process.execPath, [bin('typescript', 'bin/tsc'), '-b']))
  await step('Types of tests', () => run(process.execPath, [bin('typescript', 'bin/tsc'), '-p', 'tsconfig.tests.json']))
  await step('Types of infra/aws', () => run(process.execPath, [bin('typescript', 'bin/tsc'), '-p', 'infra/aws']))
  const unit = await settle(
    () =>
      run(
        process.execPath,
        [bin('vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${UNIT}`],
        {
          quiet: false,
        },
      ),
    unitCounts,
  )
  const browser = await settle(
    () => journeys(['--reporter=list,json'], { PLAYWRIGHT_JSON_OUTPUT_NAME: JOURNEYS }),
    journeyCounts,
  )
  const sum = (key) => unit[key] + browser[key]
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`)
  if (sum('failed') > 0) process.exitCode = 1
}

await main().catch(fail)
