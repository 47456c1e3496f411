/** Builds what is stale: TypeScript projects, the editor's bundle, the web app. */
import { pathToFileURL } from 'node:url'
import { checkNode, install } from './lib/install.mjs'
import { unlessFresh } from './lib/stale.mjs'
import { bin, fail, ROOT, run, step } from './lib/steps.mjs'

const COMPILER = ['tsconfig.base.json', 'tsconfig.json', 'package-lock.json']

export async function build() {
  await unlessFresh(
    'typescript',
    [...COMPILER, 'packages/executor', 'packages/pipeline', 'apps/runner'],
    'apps/runner/dist/main.js',
    () => step('Compile packages', () => run(process.execPath, [bin('typescript', 'bin/tsc'), '-b'])),
  )
  await unlessFresh('monaco', ['package-lock.json', 'apps/web/scripts'], 'apps/web/public/monaco', () =>
    step('Bundle the editor', () => run(process.execPath, ['scripts/bundle-monaco.mjs'], { cwd: `${ROOT}apps/web` })),
  )
  await unlessFresh(
    'web',
    [...COMPILER, 'apps/web', 'packages/executor/src/events.ts', 'packages/executor/src/errors.ts'],
    'apps/web/.next/BUILD_ID',
    () =>
      step('Build the web app', () =>
        run(process.execPath, [bin('next', 'dist/bin/next'), 'build'], {
          cwd: `${ROOT}apps/web`,
          env: { NEXT_TELEMETRY_DISABLED: '1' },
        }),
      ),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  checkNode()
  await install().then(build).catch(fail)
}
