/**
 * What S3 storage costs the client, against the double on loopback in a process of its own: requests per second, bandwidth, one
 * LIST of a thousand keys. `npm run bench -- s3`; `bench/lambda.mjs` prints the same rows.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Storage } from '../packages/executor/dist/index.js'
import { median, row, timed } from './lib.mjs'

const DOUBLE = new URL('../packages/executor/dist/testing/index.js', import.meta.url).href
const SERVER = `import { startS3 } from '${DOUBLE}'
const { endpoint, credentials } = await startS3({ buckets: ['bench'] })
process.stdout.write(JSON.stringify({ endpoint, credentials }))
process.stdin.resume().on('end', () => process.exit())`

/** Prints the rows of S3. */
export async function benchS3() {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [started] = await once(server.stdout, 'data')
  const { endpoint, credentials } = JSON.parse(started.toString())
  const storage = new Storage({ backend: 'aws_s3', endpoint, bucket: 'bench', ...credentials })
  try {
    const small = Buffer.alloc(1024, 1)
    const keys = Array.from({ length: 1000 }, (_, i) => `small/${String(i).padStart(4, '0')}`)
    await inFlight(keys.slice(0, 100), (key) => storage.putObject('bench', key, small))
    const put = await timed(() => inFlight(keys, (key) => storage.putObject('bench', key, small)))
    row('S3 puts of 1 KB, 32 in flight', 1e6 / put.ms, 'per s', 400, { atLeast: true })
    const cpu = process.cpuUsage()
    const get = await timed(() => inFlight(keys, (key) => storage.getObject('bench', key)))
    const { user, system } = process.cpuUsage(cpu)
    row('S3 gets of 1 KB, 32 in flight', 1e6 / get.ms, 'per s', 400, { atLeast: true })
    row('CPU of one get', (user + system) / 1e6, 'ms', 3)
    const lists = []
    for (let i = 0; i < 15; i++) lists.push((await timed(() => storage.listPage('bench', { prefix: 'small/' }))).ms)
    row('S3 LIST of 1000 keys', median(lists), 'ms', 60)
    const large = 100 * 1024 * 1024
    const chunk = Buffer.alloc(1 << 20, 3)
    const source = async function* () {
      for (let i = 0; i < 100; i++) yield chunk
    }
    const up = await timed(() => storage.putObject('bench', 'large', source()))
    row('S3 put of a stream of 100 MB', large / 1e3 / up.ms, 'MB/s', 50, { atLeast: true })
    const down = await timed(() => storage.getObject('bench', 'large'))
    row('S3 get of 100 MB', large / 1e3 / down.ms, 'MB/s', 50, { atLeast: true })
  } finally {
    await storage.close()
    server.stdin.end()
  }
}

/** `work` for each item, 32 at a time. */
async function inFlight(items, work) {
  let next = 0
  const one = async () => {
    while (next < items.length) await work(items[next++])
  }
  await Promise.all(Array.from({ length: 32 }, one))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchS3()
