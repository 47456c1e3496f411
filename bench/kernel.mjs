/**
 * The kernel's goals: start, memory, round trip, interrupt, completion and floods as a Jupyter client sees them over ZeroMQ, beside
 * Deno's kernel and tslab where these install; then start, round trip, interrupt and the price of the journal through the
 * runner, and the language service.
 *
 *   npm run bench -- kernel [--no-peers]     rows { measure, value, unit, goal, ok, peer?, ratio? }; peer and ratio by name
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKernel } from '../apps/runner/src/zmq/fixtures/client.mjs'
import { startProduct } from '../infra/lib/servers.mjs'
import { ROOT } from '../infra/lib/steps.mjs'
import { benchLanguage } from './language.mjs'
import { installPeers, OURS } from './lib/peers.mjs'
import { median, row, timed, treeMemory, watchMemory } from './lib.mjs'

/** Longer than any kernel that still lives takes to answer an interrupt. */
const PATIENCE_MS = 8000
/** For all measures of one kernel; one that hangs must not hold up the others. */
const KERNEL_MS = 100_000
const STARTS = 5
const CELLS = 50

/** Cells that never end by themselves. */
const ENDLESS = {
  'a loop': 'for (;;) {}',
  'a pending await': 'await new Promise(() => {})',
  'a regular expression': "/^(a+)+$/.test('a'.repeat(60) + 'b')",
}

/** Kernels that run, so that none outlives the bench. */
const living = new Set()

const folder = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
try {
  const kernels = [OURS, ...(process.argv.includes('--no-peers') ? [] : installPeers(folder))]
  const measured = []
  for (const kernel of kernels) {
    const late = new Promise((resolve) => setTimeout(resolve, KERNEL_MS, undefined))
    const values = {}
    await Promise.race([measureKernel(kernel, values), late])
    for (const { stop } of living) await stop()
    measured.push({ name: kernel.name, values })
  }
  printBeside(measured)
  await throughRunner()
  await benchLanguage()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)

async function launch({ argv, cwd }) {
  const started = await startKernel(argv, { cwd })
  const stop = () => {
    living.delete(kernel)
    return started.stop()
  }
  const kernel = { ...started, stop }
  living.add(kernel)
  return kernel
}

/** Fills in what a Jupyter client can measure, one after another; a text where the kernel did not survive it. */
async function measureKernel(kernel, values) {
  const starts = []
  for (let i = 0; i < STARTS; i++) {
    const since = performance.now()
    const started = await launch(kernel)
    await started.client.ready()
    const ready = performance.now() - since
    await started.client.execute('1 + 1')
    starts.push({ ready, result: performance.now() - since })
    values.ready = median(starts.map(({ ready }) => ready))
    values.result = median(starts.map(({ result }) => result))
    if (i < STARTS - 1) await started.stop()
    else await measureLiving(started, values)
  }
  for (const [what, code] of Object.entries(ENDLESS)) values[what] = await interruptOf(kernel, code)
  Object.assign(values, await flood(kernel))
}

async function measureLiving({ child, client, stop }, values) {
  values.memory = treeMemory(child.pid) / 2 ** 20
  const times = []
  for (let i = 0; i < 120; i++) {
    const { ms } = await timed(() => client.execute(`${i} + 1`))
    if (i >= 20) times.push(ms)
  }
  values.roundTrip = median(times)
  for (let i = 0; i < CELLS; i++) await client.execute(`const value${i} = { alpha${i}: ${i}, beta: [1, 2, 3] }`)
  const code = `value${CELLS - 1}.al`
  const completions = []
  for (let i = 0; i < 30; i++) {
    const { ms } = await timed(() => client.ask('shell', 'complete_request', { code, cursor_pos: code.length }))
    if (i >= 5) completions.push(ms)
  }
  values.completion = median(completions)
  await stop()
}

/** Milliseconds from the interrupt to the reply of the cell, median of three; or in words what became of the kernel. */
async function interruptOf(kernel, code) {
  const started = await launch(kernel)
  const { client, ended } = started
  const lost = ended.then(() => 'died')
  const late = () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, 'did not answer'))
  const attempt = async () => {
    const running = client.execute(`kept = 2; console.log('in');\n${code}`)
    await client.until(({ header, content }) => header.msg_type === 'stream' && content.text.includes('in'))
    client.heard.length = 0
    await new Promise((resolve) => setTimeout(resolve, 100))
    const since = performance.now()
    kernel.interrupt(started)
    await running
    return performance.now() - since
  }
  const times = []
  try {
    await client.ready()
    await client.execute('let kept = 1')
    for (let i = 0; i < 3; i++) {
      const answer = await Promise.race([attempt(), lost, late()])
      if (typeof answer === 'string') return answer
      times.push(answer)
      const said = (await Promise.race([tell(client, 'kept'), lost, late()])) ?? 'nothing'
      // tslab gives what a cell assigned to others only when it ends: the value from before counts as kept, too.
      if (!/^said [12]$/m.test(said)) return said.startsWith('said') ? 'lost the state' : said
    }
    return median(times)
  } finally {
    await started.stop()
  }
}

/** What a cell prints of a value, as `said VALUE`. Other kernels send output some time after they said that they are idle. */
async function tell(client, value, code = `console.log('said ' + ${value})`) {
  client.heard.length = 0
  const said = client.until(({ header, content }) => header.msg_type === 'stream' && /^said /m.test(content.text))
  await client.execute(code)
  return /^said .*$/m.exec((await said).content.text)[0]
}

/** Lines that a cell prints in two seconds, and the peak of memory meanwhile. */
async function flood(kernel) {
  const started = await launch(kernel)
  const { client, child, ended } = started
  await client.ready()
  const peak = watchMemory(child.pid)
  const code = `let n = 0\nconst end = Date.now() + 2000\nwhile (Date.now() < end) console.log('line ' + n++)\nconsole.log('said ' + n)`
  const late = new Promise((resolve) => setTimeout(resolve, 20_000, undefined))
  const said = await Promise.race([tell(client, '0', code), ended.then(() => undefined), late])
  const bytes = peak()
  await started.stop()
  return { rate: said ? Number(said.slice(5)) / 2 : 'did not answer', peak: bytes / 2 ** 20 }
}

/** Our rows, each with what the peers did in the same run. */
function printBeside([ours, ...peers]) {
  const print = (measure, pick, unit, goal, options = {}) => {
    const value = pick(ours.values)
    const others = peers.map(({ name, values }) => [name, pick(values) ?? 'did not answer'])
    const rounded = (number) => (typeof number === 'number' ? Number(number.toPrecision(4)) : number)
    const peer = Object.fromEntries(others.map(([name, other]) => [name, rounded(other)]))
    const ratio = Object.fromEntries(
      others.flatMap(([name, other]) => (typeof other === 'number' ? [[name, rounded(value / other)]] : [])),
    )
    if (typeof value !== 'number') throw new Error(`${measure}: our kernel ${value ?? 'did not answer'}`)
    row(measure, value, unit, goal, { ...options, ...(peers.length > 0 ? { peer, ratio } : {}) })
  }
  print(`ZMQ kernel: spawn to ready, median of ${STARTS}`, ({ ready }) => ready, 'ms', 500)
  print(`ZMQ kernel: spawn to first result, median of ${STARTS}`, ({ result }) => result, 'ms', 700)
  print('ZMQ kernel: memory of all its processes, idle (PSS)', ({ memory }) => memory, 'MiB', 190)
  print('cell round trip over ZMQ, median of 100', ({ roundTrip }) => roundTrip, 'ms', 2.2)
  print(`completion of a live value's members, ${CELLS} cells before it`, ({ completion }) => completion, 'ms', 20)
  for (const what of Object.keys(ENDLESS)) print(`interrupt of ${what} over ZMQ`, (values) => values[what], 'ms', 50)
  print('lines printed in a flood', ({ rate }) => rate, '1/s', 100_000, { atLeast: true })
  print('memory of all its processes in a flood, peak (PSS)', ({ peak }) => peak, 'MiB', 400)
}

/** The kernel as Mayfly's own page has it: behind the runner, through @jupyterlab/services. */
async function throughRunner() {
  // The client tells of its sockets; only rows belong on our output.
  console.debug = () => {}
  const require = createRequire(join(ROOT, 'apps/runner/package.json'))
  const { KernelManager, SessionManager, ContentsManager, ServerConnection } = require('@jupyterlab/services')
  const { signTicket } = await import('@mayfly/runner/ticket')
  const product = await startProduct({ workspace: join(folder, 'workspace'), port: 4700 })
  const exp = Math.floor(Date.now() / 1000) + 3600
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: product.runnerUrl,
    wsUrl: product.runnerUrl.replace('http', 'ws'),
    token: signTicket({ sub: 'local', scope: 'runner', exp }, product.secret),
    appendToken: true,
  })
  const kernels = new KernelManager({ serverSettings })
  const sessions = new SessionManager({ kernelManager: kernels, serverSettings })
  const contents = new ContentsManager({ serverSettings })
  await kernels.ready
  const run = (kernel, code, cellId) => {
    const future = kernel.requestExecute({ code }, false, cellId ? { cellId } : undefined)
    return future.done
  }
  try {
    const starts = []
    for (let i = 0; i < STARTS; i++) {
      const { ms, result } = await timed(async () => {
        const kernel = await kernels.startNew({ name: 'mayfly' })
        await run(kernel, '1 + 1')
        return kernel
      })
      starts.push(ms)
      // The runner makes its next kernel ready in advance.
      await new Promise((resolve) => setTimeout(resolve, 1000))
      if (i === 0) row('runner: first kernel requested to its first result', ms, 'ms', 300)
      await result.shutdown()
    }
    row('runner: kernel requested to its first result, median of 4', median(starts.slice(1)), 'ms', 150)

    const plain = await kernels.startNew({ name: 'mayfly' })
    const times = []
    for (let i = 0; i < 120; i++) {
      const { ms } = await timed(() => run(plain, `${i} + 1`))
      if (i >= 20) times.push(ms)
    }
    row('cell round trip through @jupyterlab/services, median of 100', median(times), 'ms', 5)
    for (const [what, code] of Object.entries(ENDLESS))
      row(`interrupt of ${what} through the runner`, await interrupt(plain, code), 'ms', 50)

    const cell = { id: 'c1', cell_type: 'code', source: '', metadata: {}, outputs: [], execution_count: null }
    const content = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] }
    await contents.save('journal.ipynb', { type: 'notebook', format: 'json', content })
    const options = { path: 'journal.ipynb', name: 'journal', type: 'notebook', kernel: { name: 'mayfly' } }
    const kept = (await sessions.startNew(options)).kernel
    await journal(run, plain, kept)
    row(
      'runner: memory of runner, web and three kernels, idle (PSS)',
      (treeMemory(product.pids.runner) + treeMemory(product.pids.web)) / 2 ** 20,
      'MiB',
    )
  } finally {
    sessions.dispose()
    kernels.dispose()
    contents.dispose()
    await product.stop()
  }
}

async function interrupt(kernel, code) {
  const times = []
  for (let i = 0; i < 5; i++) {
    const future = kernel.requestExecute({ code: `console.log('in');\n${code}` })
    await new Promise((resolve) => {
      future.onIOPub = ({ header }) => header.msg_type === 'stream' && resolve()
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    times.push((await timed(() => Promise.all([kernel.interrupt(), future.done]))).ms)
  }
  return median(times)
}

/** What it costs to keep an output: the same displays in a notebook, whose outputs go to the journal first, and without one. */
async function journal(run, plain, kept) {
  const outputs = 100
  const code = `for (let i = 0; i < ${outputs}; i++) display('output ' + i)`
  const micros = async (kernel, cellId) => {
    const times = []
    for (let i = 0; i < 30; i++) {
      const { ms } = await timed(() => run(kernel, code, cellId))
      if (i >= 5) times.push((ms * 1000) / outputs)
    }
    return median(times)
  }
  const without = await micros(plain)
  const withJournal = await micros(kept, 'c1')
  row('an output from cell to client, kept in the journal', withJournal, 'µs', 1000)
  row('… of which the journal and the document', Math.max(0, withJournal - without), 'µs', 500)
}
