/**
 * The first two minutes, measured: `npm start` on a fresh clone until the page can be used, the second start, a cell's round
 * trip through @jupyterlab/services, the executor's first results and rate, and the demo in the browser.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { findBrowser } from '../infra/lib/browser.mjs'
import { startProduct } from '../infra/lib/servers.mjs'
import { ROOT } from '../infra/lib/steps.mjs'
import { median, row, timed, watchMemory } from './lib.mjs'

const workspace = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: ['--no-sandbox', '--no-first-run', '--disable-background-networking'],
})

/** Runs `npm start` in a folder and waits until the first card of the home page can be clicked. */
async function start(folder) {
  const child = spawn('npm', ['start'], {
    cwd: folder,
    env: { ...process.env, MAYFLY_WORKSPACE: join(workspace, 'start'), PORT: '4500' },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const page = await browser.newPage()
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('Ctrl+C')) break
  }
  await page.goto(/http:\/\/\S+/.exec(output)[0])
  await page.getByTestId('home-card-hello-map').click({ trial: true })
  await page.close()
  return async () => {
    process.kill(-child.pid, 'SIGINT')
    await ended
  }
}

async function startTimes() {
  const clone = join(workspace, 'clone')
  spawnSync('git', ['clone', '-q', ROOT, clone], { stdio: 'inherit' })
  for (const [name, goal] of [
    ['npm start to a usable page, fresh clone', undefined],
    ['npm start to a usable page, second', 5],
  ]) {
    const { ms, result: stop } = await timed(() => start(clone))
    await stop()
    row(name, ms / 1000, 's', goal)
  }
}

async function cells(product) {
  // The client tells of its sockets; only rows belong on our output.
  console.debug = () => {}
  const { KernelManager, ServerConnection } = createRequire(join(ROOT, 'apps/runner/package.json'))(
    '@jupyterlab/services',
  )
  const { signTicket } = await import('@mayfly/runner/ticket')
  const token = signTicket({ sub: 'local', scope: 'runner', exp: Math.floor(Date.now() / 1000) + 3600 }, product.secret)
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: product.runnerUrl,
    wsUrl: product.runnerUrl.replace('http', 'ws'),
    token,
    appendToken: true,
  })
  const manager = new KernelManager({ serverSettings })
  await manager.ready
  const kernel = await manager.startNew({ name: 'mayfly' })
  await kernel.info
  const times = []
  for (let i = 0; i < 110; i++) {
    const { ms } = await timed(() => kernel.requestExecute({ code: `${i} + 1` }).done)
    if (i >= 10) times.push(ms)
  }
  row('cell round trip through @jupyterlab/services, median of 100', median(times), 'ms', 5)
  await kernel.shutdown()
  kernel.dispose()
  manager.dispose()
}

async function executor() {
  process.env.MAYFLY_HOME = join(workspace, 'executor')
  const { FunctionExecutor } = await import('@mayfly/executor')
  const { ms: cold, result: fexec } = await timed(async () => {
    const created = new FunctionExecutor()
    await created.getResult(created.map((n) => n + 1, [1]))
    return created
  })
  row('first map result, cold', cold, 'ms', 150)
  const warm = []
  for (let i = 0; i < 30; i++) warm.push((await timed(() => fexec.getResult(fexec.map((n) => n + 1, [i])))).ms)
  row('first map result, warm, median of 30', median(warm), 'ms', 5)
  const items = Array.from({ length: 10_000 }, (_, i) => i)
  const { ms } = await timed(() => fexec.getResult(fexec.map((n) => n, items)))
  row('no-op calls per second, one map of 10,000', items.length / (ms / 1000), '1/s', 2000, { atLeast: true })
  await fexec[Symbol.asyncDispose]()
}

async function demo(product) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(product.url)
  await page.getByTestId('home-card-demo').click()
  await page.getByTestId('run-all').waitFor()
  const peak = watchMemory(product.pids.runner, product.pids.web)
  const { ms } = await timed(async () => {
    await page.getByTestId('run-all').click()
    await page.waitForFunction(
      () => {
        const states = [...document.querySelectorAll('[data-testid=cell][data-kind=code]')].map(
          (cell) => cell.dataset.state,
        )
        return states.includes('error') || states.every((state) => state === 'done')
      },
      undefined,
      { timeout: 180_000, polling: 100 },
    )
  })
  const failed = await page.locator('[data-testid=cell][data-state=error]').count()
  row('demo notebook, Run all in Chromium', ms / 1000, 's', 60, { failedCells: failed })
  row('demo notebook, peak memory of runner, web, kernel and workers (PSS)', peak() / 2 ** 20, 'MiB')
  await page.close()
}

try {
  await executor()
  const product = await startProduct({ workspace: join(workspace, 'product'), port: 4600 })
  await cells(product)
  await demo(product)
  await product.stop()
  if (!process.argv.includes('--no-start')) await startTimes()
} finally {
  await browser.close()
  rmSync(workspace, { recursive: true, force: true })
}
process.exit(0)
