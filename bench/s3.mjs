/**
 * What S3 storage costs the client, against the double on loopback in a process of its own, beside the SDK alone (`peer`; `ratio`:
 * how many times as good we are): requests per second, bandwidth, one LIST of a thousand keys.
 * `npm run bench -- s3`; `bench/lambda.mjs` prints the same rows.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Storage } from '@mayfly/executor'
import { startApart } from '@mayfly/executor/testing'
import { median, row as print, timed } from './lib.mjs'

const ROUNDS = 3
const KEYS = 500
const LARGE = 100 * 1024 * 1024

/** Prints the rows of S3. */
export async function benchS3() {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const { endpoint, region, credentials, close } = await startApart('s3', { buckets: ['bench'] })
  const storage = new Storage({ backend: 'aws_s3', endpoint, bucket: 'bench', ...credentials })
  const sdk = createRequire(new URL('../packages/executor/package.json', import.meta.url))('@aws-sdk/client-s3')
  const plain = new sdk.S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const place = (Key) => ({ Bucket: 'bench', Key })
  try {
    const small = Buffer.alloc(1024, 1)
    const keys = Array.from({ length: KEYS }, (_, i) => `small/${String(i).padStart(4, '0')}`)
    const put = await besides(
      () => inFlight(keys, (key) => storage.putObject('bench', key, small)),
      () => inFlight(keys, (key) => plain.send(new sdk.PutObjectCommand({ ...place(key), Body: small }))),
    )
    rate('S3 puts of 1 KB, 32 in flight', put, (ms) => (1000 * KEYS) / ms, 'per s', 400)
    cpu('CPU of one put', put, 3)
    const get = await besides(
      () => inFlight(keys, (key) => storage.getObject('bench', key)),
      () =>
        inFlight(keys, async (key) => {
          await (await plain.send(new sdk.GetObjectCommand(place(key)))).Body.transformToByteArray()
        }),
    )
    rate('S3 gets of 1 KB, 32 in flight', get, (ms) => (1000 * KEYS) / ms, 'per s', 400)
    cpu('CPU of one get', get, 3)
    const more = Array.from({ length: 1000 - KEYS }, (_, i) => `small/more-${i}`)
    await inFlight(more, (key) => storage.putObject('bench', key, small))
    const list = await besides(
      () => storage.listPage('bench', { prefix: 'small/' }),
      () => plain.send(new sdk.ListObjectsV2Command({ Bucket: 'bench', Prefix: 'small/' })),
      15,
    )
    print('S3 LIST of 1000 keys', list.ours.ms, 'ms', 60, against(list.theirs.ms, list.ours.ms))
    print('… its CPU', list.ours.cpu, 'ms', 20, against(list.theirs.cpu, list.ours.cpu))
    const chunk = Buffer.alloc(1 << 20, 3)
    const source = async function* () {
      for (let i = 0; i < LARGE / chunk.length; i++) yield chunk
    }
    const whole = Buffer.alloc(LARGE, 3)
    const up = await besides(
      () => storage.putObject('bench', 'large', source()),
      () => plain.send(new sdk.PutObjectCommand({ ...place('large'), Body: whole })),
    )
    rate('S3 put of a stream of 100 MB (the SDK: of bytes)', up, (ms) => LARGE / 1e3 / ms, 'MB/s', 50)
    const down = await besides(
      () => storage.getObject('bench', 'large'),
      async () => (await plain.send(new sdk.GetObjectCommand(place('large')))).Body.transformToByteArray(),
    )
    rate('S3 get of 100 MB', down, (ms) => LARGE / 1e3 / ms, 'MB/s', 50)
  } finally {
    await storage.close()
    plain.destroy()
    await close()
  }
}

/** Medians of wall and CPU time of both, in turns, ms; the first turn warms up. */
async function besides(ours, theirs, rounds = ROUNDS) {
  const all = { ours: [], theirs: [] }
  for (let i = 0; i <= rounds; i++) {
    for (const [name, work] of Object.entries({ ours, theirs })) {
      const since = process.cpuUsage()
      const { ms } = await timed(work)
      const { user, system } = process.cpuUsage(since)
      if (i > 0) all[name].push({ ms, cpu: (user + system) / 1000 })
    }
  }
  const middle = (list) => ({ ms: median(list.map(({ ms }) => ms)), cpu: median(list.map((one) => one.cpu)) })
  return { ours: middle(all.ours), theirs: middle(all.theirs) }
}

function rate(measure, { ours, theirs }, of, unit, goal) {
  const [value, peer] = [of(ours.ms), of(theirs.ms)]
  print(measure, value, unit, goal, { atLeast: true, peer: round(peer), ratio: round(value / peer) })
}

function cpu(measure, { ours, theirs }, goal) {
  print(measure, ours.cpu / KEYS, 'ms', goal, against(theirs.cpu / KEYS, ours.cpu / KEYS))
}

function against(peer, value) {
  return { peer: round(peer), ratio: round(peer / value) }
}

const round = (value) => Number(value.toPrecision(3))

/** `work` for each item, 32 at a time. */
async function inFlight(items, work) {
  let next = 0
  const one = async () => {
    while (next < items.length) await work(items[next++])
  }
  await Promise.all(Array.from({ length: 32 }, one))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchS3()
