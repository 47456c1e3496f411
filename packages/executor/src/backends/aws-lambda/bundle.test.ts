/** The worker's bundle, and the process that calls with it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type LambdaDouble, ROLE, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'mayfly-bundle-'))
const BUNDLE = new URL('backends/aws-lambda/bundle.js', import.meta.resolve('@mayfly/executor')).href
let lambda: LambdaDouble
beforeAll(async () => {
  lambda = await startLambda()
})
afterAll(async () => {
  await lambda.close()
  rmSync(folder, { recursive: true, force: true })
})

const script = (code: string, env: Record<string, string> = {}) =>
  run(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { PATH: process.env.PATH!, XDG_CACHE_HOME: folder, HOME: folder, MAYFLY_HOME: folder, ...env },
    timeout: 50_000,
  })
const bundled = async () => {
  const code = `import { workerBundle } from '${BUNDLE}'
const { hash, archive } = await workerBundle()
console.log(JSON.stringify({ hash, bytes: archive.length }))`
  return JSON.parse((await script(code)).stdout) as { hash: string; bytes: number }
}

it('is made once for a content, is the same wherever it is made, and is made again when what is kept is damaged', async () => {
  const first = await bundled()
  const kept = join(folder, 'mayfly')
  const [zip] = readdirSync(kept).filter((name) => name.endsWith('.zip'))
  const [{ mtimeMs, mode }, { mode: own }] = [statSync(join(kept, zip!)), statSync(kept)]
  expect([mode & 0o777, own & 0o777]).toEqual([0o600, 0o700])
  expect(await bundled()).toEqual(first)
  expect(statSync(join(kept, zip!)).mtimeMs).toBe(mtimeMs)
  writeFileSync(join(kept, zip!), 'something else')
  expect(await bundled()).toEqual(first)
  rmSync(kept, { recursive: true })
  expect(await bundled()).toEqual(first)
})

it('a process that has called functions ends by itself, without a word of the SDK', async () => {
  const { region, endpoint, credentials } = lambda
  const aws_lambda = { region, endpoint, role: ROLE }
  const code = `import { FunctionExecutor } from '@mayfly/executor'
const fexec = new FunctionExecutor(${JSON.stringify({ backend: 'aws_lambda', progress: false, workers: 2, aws_lambda })})
console.log(JSON.stringify(await fexec.getResult(fexec.map((x) => x * 2, [1, 2, 3]))))
await fexec.close()
// What keeps a process alive is what would be named here.
process.stdout.write(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').join())`
  const keys = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey }
  expect(await script(code, keys)).toEqual({ stdout: '[2,4,6]\n', stderr: '' })
})
