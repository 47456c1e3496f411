/**
 * What a thousand functions at once cost the caller, against the double in a process of its own (virtual environments, cold
 * start 200 ms, calls of 1 s), beside the SDK at its default settings, which has 50 sockets; then the rows of S3.
 *
 *   npm run bench -- lambda        prints one JSON row a line: { measure, value, unit, goal, ok, peer?, ratio? }
 *
 * Each client is a process of its own, so that neither pays for the other. `MAYFLY_BENCH_PROF=dir` leaves its CPU profile there.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { startApart, virtualWorker } from '@mayfly/executor/testing'
import { median, row as print, timed } from './lib.mjs'
import { benchS3 } from './s3.mjs'

const WAYS = 1000
const CALL_MS = 1000
const COLD_MS = 200
const PLAIN = `export const makeHandler = () => (event) => new Promise((done) => setTimeout(done, event.ms, event))`
const ROLE = 'arn:aws:iam::000000000000:role/mayfly'

const [role, ...given] = process.argv.slice(2)
if (role === 'client') await client(...given.map((text) => JSON.parse(text)))
else if (role === 'peer') await peer(JSON.parse(given[0]))
else {
  await fanOut()
  await benchS3()
}

async function fanOut() {
  const s3 = await startApart('s3', { buckets: ['bench'] })
  // For the client and for the virtual environments, which are in the double's process: both inherit them.
  process.env.BENCH_S3_ID = s3.credentials.accessKeyId
  process.env.BENCH_S3_SECRET = s3.credentials.secretAccessKey
  const measured = async (sampleMs, invocation) => {
    const virtual = { module: virtualWorker(sampleMs), coldMs: COLD_MS }
    const lambda = await startApart('lambda', { virtual, concurrency: WAYS + 100, burst: 2 * WAYS })
    try {
      return await inProcess('client', { lambda, s3, invocation })
    } finally {
      await lambda.close()
    }
  }
  const module = `data:text/javascript,${encodeURIComponent(PLAIN)}`
  const plain = await startApart('lambda', { virtual: { module, coldMs: COLD_MS }, concurrency: WAYS + 100 })
  const theirs = await inProcess('peer', plain)
  await plain.close()
  for (const invocation of ['stream', 'event']) {
    const name = invocation === 'stream' ? 'streamed' : 'events and status objects'
    const ours = await measured(250, invocation)
    if (!ours) continue
    const row = (measure, value, unit, goal, peer) =>
      print(`${measure}, ${name}`, value, unit, goal, peer && { peer, ratio: Number((peer / value).toPrecision(3)) })
    row(`${WAYS} calls of 1 s at once, cold: map to last result`, ours.cold.wall, 'ms', 3000, theirs.cold.wall)
    row('… warm', ours.warm.wall, 'ms', 2500, theirs.warm.wall)
    row('… until the last call is with Lambda, cold', ours.cold.submit, 'ms', 1100)
    row('… warm', ours.warm.submit, 'ms', 1100)
    row('CPU of the client per call, cold', ours.cold.cpu, 'ms', 1, theirs.cold.cpu)
    row('… warm', ours.warm.cpu, 'ms', 1, theirs.warm.cpu)
    row('peak RSS of the client', ours.rss, 'MB', 250, theirs.rss)
    row('end of the function → result in the caller, p50 of all at once', ours.warm.delay, 'ms', 100)
    row('… of one call at a time', ours.single, 'ms', 100)
    if (invocation === 'event') continue
    const bare = await measured(0, invocation)
    row(
      'CPU of live metrics (4 samples a second), per call of 1 s',
      Math.max(0, ours.warm.cpu - bare.warm.cpu),
      'ms',
      1,
    )
    row('time that live metrics add to the map', Math.max(0, ours.warm.wall - bare.warm.wall), 'ms', 250)
  }
  await s3.close()
}

/** The product's own client. */
async function client({ lambda, s3, invocation }) {
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
  const home = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
  const keys = { accessKeyId: '{{env.BENCH_S3_ID}}', secretAccessKey: '{{env.BENCH_S3_SECRET}}' }
  const { region, endpoint } = lambda
  const { BENCH_S3_ID, BENCH_S3_SECRET } = process.env
  const environment = { BENCH_S3_ID, BENCH_S3_SECRET }
  const executor = new FunctionExecutor({
    ...{
      home,
      backend: 'aws_lambda',
      workers: WAYS,
      aws_lambda: { region, endpoint, role: ROLE, invocation, environment },
    },
    storage: { backend: 'aws_s3', endpoint: s3.endpoint, bucket: 'bench', ...keys },
  })
  const call = async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    return performance.timeOrigin + performance.now()
  }
  const arrival = () => performance.timeOrigin + performance.now()
  // Deployed ahead, as it is in use.
  await executor.getResult(executor.map(call, [0]))
  const run = async () => {
    const delays = []
    let futures
    const cost = await used(async () => {
      futures = executor.map(call, Array(WAYS).fill(CALL_MS), { chunksize: 1 })
      for await (const future of futures) delays.push(arrival() - (await future.result()))
    })
    const stamps = (name) => [...futures].map(({ stats }) => stats[name])
    const submit = Math.max(...stamps('invoked')) - Math.min(...stamps('submitted'))
    return { ...cost, delay: median(delays), submit }
  }
  const result = { cold: await run(), warm: await run() }
  const single = []
  for (let i = 0; i < 20; i++) {
    const ended = await executor.callAsync(call, 0).result()
    single.push(arrival() - ended)
  }
  const rss = process.resourceUsage().maxRSS / 1024
  await executor.close()
  rmSync(home, { recursive: true, force: true })
  process.send({ ...result, single: median(single), rss })
}

/** The SDK as it comes. */
async function peer({ endpoint, region, credentials }) {
  const sdk = await import('@aws-sdk/client-lambda')
  const lambda = new sdk.LambdaClient({ endpoint, region, credentials })
  const code = { Runtime: 'nodejs22.x', Handler: 'i.handler', Code: { ZipFile: emptyZip() }, Timeout: 60 }
  await lambda.send(new sdk.CreateFunctionCommand({ FunctionName: 'plain', Role: ROLE, ...code }))
  await sdk.waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10 }, { FunctionName: 'plain' })
  const run = () =>
    used(async () => {
      const Payload = JSON.stringify({ ms: CALL_MS })
      const one = () => lambda.send(new sdk.InvokeCommand({ FunctionName: 'plain', Payload }))
      await Promise.all(Array.from({ length: WAYS }, one))
    })
  const result = { cold: await run(), warm: await run() }
  process.send({ ...result, rss: process.resourceUsage().maxRSS / 1024 })
}

/** Wall time and CPU per call, ms. */
async function used(work) {
  const since = process.cpuUsage()
  const { ms } = await timed(work)
  const { user, system } = process.cpuUsage(since)
  return { wall: ms, cpu: (user + system) / 1000 / WAYS }
}

/** An archive without files. */
function emptyZip() {
  return Buffer.concat([Buffer.from([0x50, 0x4b, 5, 6]), Buffer.alloc(18)])
}

async function inProcess(what, input) {
  const profile = process.env.MAYFLY_BENCH_PROF
  const child = fork(fileURLToPath(import.meta.url), [what, JSON.stringify(input)], {
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    execArgv: profile
      ? ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${what}-${Date.now()}.cpuprofile`]
      : [],
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The ${what} ended with exit code ${code} and no figures`)
  })
  const [result] = await Promise.race([once(child, 'message'), failed])
  failed.catch(() => {})
  child.disconnect()
  return result
}
