/** The executor's contract with its data on S3: workers are processes of this machine, everything else goes through the storage. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutorOptions, FunctionExecutor, type LoggedEvent } from '@mayfly/executor'
import type { S3Double } from '@mayfly/executor/testing'
import { afterAll } from 'vitest'
import { backendContract } from '../../backends/contract.js'
import type * as faulty from '../../backends/faulty.js'
import type * as registry from '../../backends/registry.js'

// What starts processes is taken from the built package.
const built = (file: string) =>
  import(new URL(file, new URL('backends/', import.meta.resolve('@mayfly/executor'))).href)
const { FaultyBackend } = (await built('faulty.js')) as typeof faulty
const { makeBackend } = (await built('registry.js')) as typeof registry

const home = mkdtempSync(join(tmpdir(), 'mayfly-contract-s3-'))
// A process of its own: some tests keep this one busy.
const SERVER = `import { startS3 } from '@mayfly/executor/testing'
const { endpoint, credentials } = await startS3({ buckets: ['mayfly'] })
process.stdout.write(JSON.stringify({ endpoint, credentials }))
process.stdin.resume().on('end', () => process.exit())`
const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
  cwd: new URL('.', import.meta.url),
  stdio: ['pipe', 'pipe', 'inherit'],
})
const [started] = (await once(server.stdout, 'data')) as [Buffer]
const s3 = JSON.parse(started.toString()) as Pick<S3Double, 'endpoint' | 'credentials'>
process.env.MAYFLY_TEST_S3_ID = s3.credentials.accessKeyId
process.env.MAYFLY_TEST_S3_SECRET = s3.credentials.secretAccessKey
const storage = {
  ...{ backend: 'aws_s3' as const, endpoint: s3.endpoint },
  ...{ accessKeyId: '{{env.MAYFLY_TEST_S3_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_S3_SECRET}}' },
}
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  server.stdin.end()
  await once(server, 'close')
})

backendContract('localhost with aws_s3', {
  remoteStorage: true,
  make: (options = {}, faults) => {
    const given = { home, storage, ...options } as ExecutorOptions
    if (!faults) return new FunctionExecutor(given) as never
    const inner = makeBackend('localhost', { workers: given.workers ?? 2, cwd: process.cwd() })
    return new FunctionExecutor({ ...given, backend: new FaultyBackend(inner, faults) }) as never
  },
  events: () => {
    const runs = join(home, 'runs')
    const logs = readdirSync(runs).filter((file) => file.endsWith('.ndjson'))
    return logs.sort().map((file) => {
      const lines = readFileSync(join(runs, file), 'utf8').split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as LoggedEvent)
    })
  },
})
