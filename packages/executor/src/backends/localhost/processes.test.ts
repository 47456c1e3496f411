import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** A loaded machine takes its time to start processes. */
const PATIENTLY = { timeout: 30_000 }

const entry = fileURLToPath(import.meta.resolve('@mayfly/executor'))
let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-processes-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Starts a script that has `FunctionExecutor` at hand, in a process of its own. */
function startHost(body: string) {
  const script = `import { FunctionExecutor } from ${JSON.stringify(entry)}\n${body}`
  const env = { ...process.env, MAYFLY_HOME: home }
  return spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split('\n')[0]!
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie nobody has waited for yet is gone for us.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return text ? text.split(' ').map(Number) : []
}

describe('worker processes', () => {
  it('die with a host that is killed, busy or not, and take their children along', async () => {
    const host = startHost(`
      const executor = new FunctionExecutor({ workers: 3 })
      const futures = executor.map(async (i, ctx) => {
        const child = process.getBuiltinModule('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' })
        ctx.progress(1, 1, process.pid + ' ' + child.pid)
        await new Promise((resolve) => setTimeout(resolve, 100))
        if (i === 0) for (;;);
        await new Promise(() => {})
      }, [0, 1, 2])
      while (futures.some((future) => future.state !== 'running')) await new Promise((r) => setTimeout(r, 20))
      console.log('ready ' + process.env.MAYFLY_SHARED)
    `)
    const [ready, socket] = (await firstLine(host.stdout)).split(' ')
    expect(ready).toBe('ready')
    expect(existsSync(socket!)).toBe(true)
    const told = () => {
      const [log] = readdirSync(join(home, 'runs')).map((file) => readFileSync(join(home, 'runs', file), 'utf8'))
      return [...log!.matchAll(/"note":"(\d+) (\d+)"/g)].flatMap(([, worker, child]) => [Number(worker), Number(child)])
    }
    await expect.poll(told, PATIENTLY).toHaveLength(6)
    const pids = told()
    expect(pids.every(alive)).toBe(true)
    host.kill('SIGKILL')
    await expect.poll(() => pids.filter(alive), PATIENTLY).toEqual([])
    expect(existsSync(dirname(socket!)), 'nothing is left of it').toBe(false)
  })

  it('do not keep a script alive, and its log is complete without close()', async () => {
    const host = startHost(`
      const executor = new FunctionExecutor()
      console.log(await executor.callAsync((x) => x + 1, 41).result())
    `)
    const exit = new Promise((resolve) => host.on('exit', resolve))
    expect(await firstLine(host.stdout)).toBe('42')
    expect(await exit).toBe(0)
    const last = readdirSync(join(home, 'runs')).sort().at(-1)!
    expect(readFileSync(join(home, 'runs', last), 'utf8')).toContain('"type":"run.finished"')
  })

  it('of a script that gets SIGTERM end with it, and the log says cancelled', async () => {
    const host = startHost(`
      const executor = new FunctionExecutor({ workers: 1 })
      const future = executor.callAsync(() => new Promise(() => {}))
      while (future.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 10))
      console.log('ready')
    `)
    const exit = new Promise((resolve) => host.on('exit', (_, signal) => resolve(signal)))
    expect(await firstLine(host.stdout)).toBe('ready')
    host.kill('SIGTERM')
    expect(await exit).toBe('SIGTERM')
    const last = readdirSync(join(home, 'runs')).sort().at(-1)!
    expect(readFileSync(join(home, 'runs', last), 'utf8')).toContain('"status":"cancelled"')
  })

  it('stay warm between maps, keep what they loaded, and start cold once', async () => {
    const executor = new FunctionExecutor({ home, workers: 1 })
    const first = executor.callAsync(() => process.pid)
    const pid = await first.result()
    const again = executor.map(() => process.pid, [1, 2, 3])
    expect(await executor.getResult(again)).toEqual([pid, pid, pid])
    expect([...again].map(({ stats }) => stats.cold)).toEqual([false, false, false])
    await executor.close()
  })

  it('that are killed from outside are replaced', async () => {
    const executor = new FunctionExecutor({ home, workers: 2 })
    const futures = executor.map(
      async (_: number, ctx) => {
        ctx.log(process.pid)
        await new Promise((resolve) => setTimeout(resolve, ctx.attempt === 1 ? 20_000 : 10))
        return ctx.attempt
      },
      [0, 1],
    )
    await expect.poll(() => futures.every(({ state }) => state === 'running'), PATIENTLY).toBe(true)
    await expect.poll(() => futures.every(({ stats }) => stats.pid !== undefined), PATIENTLY).toBe(true)
    for (const { stats } of futures) process.kill(stats.pid!, 'SIGKILL')
    expect(await executor.getResult(futures)).toEqual([2, 2])
    await executor.close()
  })

  it('that stop answering are given up', async () => {
    const executor = new FunctionExecutor({ home, workers: 1 })
    const future = executor.callAsync(async (_: unknown, ctx) => {
      // The host has more patience with a worker of which it has not heard yet.
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (ctx.attempt === 1) process.kill(process.pid, 'SIGSTOP')
      return ctx.attempt
    })
    expect(await future.result()).toBe(2)
    await executor.close()
  })

  it('hand back calls that wait behind a slow one', async () => {
    const executor = new FunctionExecutor({ home, workers: 2 })
    const futures = executor.map(
      async (i: number) => {
        await new Promise((resolve) => setTimeout(resolve, i === 0 ? 60_000 : 0))
        return process.pid
      },
      [0, 1, 2, 3, 4, 5],
      { chunksize: 6 },
    )
    await executor.wait(futures, { returnWhen: 80 })
    expect(futures[0]!.state).toBe('running')
    await executor.close()
  })

  it('that are warm see variables that were set since', async () => {
    const executor = new FunctionExecutor({ home, workers: 1 })
    expect(await executor.callAsync(() => process.env.MAYFLY_TEST_LATER).result()).toBeUndefined()
    process.env.MAYFLY_TEST_LATER = 'here'
    expect(await executor.callAsync(() => process.env.MAYFLY_TEST_LATER).result()).toBe('here')
    delete process.env.MAYFLY_TEST_LATER
    await executor.close()
  })

  it('of cancelled calls are gone at once, children and all, and leave no zombie', async () => {
    const executor = new FunctionExecutor({ home, workers: 3 })
    const futures = executor.map(
      (_: number, ctx) => {
        const child = process.getBuiltinModule('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' })
        ctx.log(`${process.pid} ${child.pid}`)
        for (;;);
      },
      [1, 2, 3, 4, 5],
    )
    await expect.poll(() => [...futures].filter(({ state }) => state === 'running').length, PATIENTLY).toBe(3)
    const known = () => [...futures].flatMap(({ stats }) => stats.pid ?? [])
    await expect.poll(known, PATIENTLY).toHaveLength(3)
    const pids = known()
    const children = () => pids.flatMap((pid) => childrenOf(pid))
    await expect.poll(() => children().length, PATIENTLY).toBe(3)
    const doomed = [...pids, ...children()]
    executor.cancel(futures)
    for (const outcome of await executor.settled(futures)) {
      expect(outcome).toMatchObject({ reason: { kind: 'cancelled', code: 'E_CALL_CANCELLED' } })
    }
    // How soon is measured by the bench: this machine may be busy.
    await expect.poll(() => doomed.filter(alive), PATIENTLY).toEqual([])
    // Their parent has taken note of them.
    await expect.poll(() => pids.filter((pid) => existsSync(`/proc/${pid}`)), PATIENTLY).toEqual([])
    await executor.close()
  })

  it('keep the secrets of the servers to themselves', async () => {
    process.env.MAYFLY_SECRET = 'top'
    const executor = new FunctionExecutor({ home, runtimeMemory: 300 })
    expect(await executor.callAsync(() => process.env.MAYFLY_SECRET).result()).toBeUndefined()
    delete process.env.MAYFLY_SECRET
    await executor.close()
  })

  it('Lithops: every payload carries the secrets; ours has none, nor do the logs', async () => {
    const secret = `s3cr3t-${process.pid}`
    process.env.MAYFLY_TEST_PASSWORD = secret
    const place = mkdtempSync(join(tmpdir(), 'mayfly-secrets-'))
    const executor = new FunctionExecutor({ home: place, workers: 1, extraEnv: { TOKEN: secret } })
    const { storage } = executor
    const seen = await executor
      .map(async (x: number) => [x, process.env.TOKEN?.length, await storage.listKeys(storage.bucket, '')], [1, 2])
      .getResult()
    // The secret itself would lie among the results.
    expect(seen[0]![1]).toBe(secret.length)
    await executor.close()
    const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(2)
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(secret)
    }
    delete process.env.MAYFLY_TEST_PASSWORD
    rmSync(place, { recursive: true })
  })
})
