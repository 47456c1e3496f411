import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor, RUN_MIME } from '@mayfly/executor'
import { type KernelHost, setKernelHost } from '@mayfly/executor/host'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loggedRuns } from '../testing/logged-runs.js'

/** A loaded machine takes its time to start processes. */
const PATIENTLY = { timeout: 30_000 }

type Bundle = Record<string, unknown>

/** A kernel reduced to what the executor asks of it. */
class FakeKernel {
  cell: { notebook: string; cellId: string; executionCount: number } | undefined
  readonly shown: Bundle[] = []
  readonly updates: Bundle[] = []
  readonly interrupts = new Set<() => void>()

  install(): void {
    const host: KernelHost = {
      currentCell: () => this.cell,
      display: (bundle) => {
        this.shown.push(bundle)
        return { update: (next) => void this.updates.push(next) }
      },
      onInterrupt: (callback) => {
        this.interrupts.add(callback)
        return () => void this.interrupts.delete(callback)
      },
      mapStack: (stack) => stack,
      settings: () => ({}),
      workspace: tmpdir(),
      importOf: () => undefined,
      modules: () => [],
      warn: () => {},
    }
    setKernelHost(host)
  }

  runCell(executionCount: number): void {
    this.cell = { notebook: 'n.ipynb', cellId: `c${executionCount}`, executionCount }
  }
}

let home: string
let kernel: FakeKernel

const logs = () => loggedRuns(home)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-run-'))
  kernel = new FakeKernel()
})

afterEach(() => {
  setKernelHost(undefined as never)
  rmSync(home, { recursive: true, force: true })
})

describe('runs in a notebook', () => {
  it('take all jobs of one cell execution, show a strip per job, and end with the cell', async () => {
    kernel.install()
    kernel.runCell(1)
    const executor = new FunctionExecutor({ home, workers: 1 })
    await executor.getResult(executor.map((x: number) => x, [1, 2]))
    await new Promise((resolve) => setTimeout(resolve, 700))
    await executor.callAsync((x: number) => x, 3).result()
    expect(logs()).toHaveLength(1)
    expect(logs()[0]!.some(({ type }) => type === 'run.finished')).toBe(false)
    kernel.cell = undefined
    await expect.poll(() => logs()[0]!.at(-1)!.type, PATIENTLY).toBe('run.finished')
    kernel.runCell(2)
    await executor.callAsync((x: number) => x, 3).result()
    await executor.close()
    const [first, second] = logs()
    expect(first![0]).toMatchObject({ type: 'run.created', notebook: 'n.ipynb', cellId: 'c1', executionCount: 1 })
    expect(first!.filter(({ type }) => type === 'job.created')).toMatchObject([
      { job: 'M000', first: 0, total: 2 },
      { job: 'A001', first: 2, total: 1 },
    ])
    expect(first!.at(-1)).toMatchObject({ type: 'run.finished', status: 'done', cost: 0 })
    expect(second![0]).toMatchObject({ cellId: 'c2' })
    const { runId } = first![0] as { runId: string }
    expect(kernel.shown.map((bundle) => bundle[RUN_MIME])).toMatchObject([
      { runId, job: 'M000' },
      { runId, job: 'A001' },
      { job: 'A000' },
    ])
    expect(kernel.updates).toHaveLength(3)
    expect(kernel.updates[0]![RUN_MIME]).toMatchObject({ runId, summary: { total: 2, done: 2, failed: 0, cost: 0 } })
  })

  it('are cancelled when the user interrupts their cell, not when another one', async () => {
    kernel.install()
    const executor = new FunctionExecutor({ home, workers: 2 })
    kernel.runCell(1)
    const before = executor.callAsync(() => new Promise((resolve) => setTimeout(resolve, 800, 'kept')))
    kernel.runCell(2)
    const busy = executor.callAsync(() => {
      for (;;);
    })
    const ended = busy.result().catch((error: unknown) => error)
    await expect.poll(() => busy.state, PATIENTLY).toBe('running')
    for (const interrupt of kernel.interrupts) interrupt()
    expect(await ended).toMatchObject({ kind: 'cancelled' })
    expect(await before.result()).toBe('kept')
    await executor.close()
    expect(kernel.interrupts.size).toBe(0)
    const statuses = logs().map((log) => (log.at(-1) as { status: string }).status)
    expect(statuses.sort()).toEqual(['cancelled', 'done'])
  })
})

describe('runs of a script', () => {
  it('are cancelled by the cancel file, which is then removed', async () => {
    const executor = new FunctionExecutor({ home, workers: 1 })
    const futures = executor.map(() => new Promise(() => {}), [1, 2, 3])
    const { runId } = logs()[0]![0] as { runId: string }
    const file = join(home, 'runs', `${runId}.cancel`)
    writeFileSync(file, '')
    const outcomes = await executor.settled(futures)
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
    await expect.poll(() => logs()[0]!.at(-1)!, PATIENTLY).toMatchObject({ type: 'run.finished', status: 'cancelled' })
    expect(existsSync(file)).toBe(false)
    expect(await executor.callAsync(() => 1).result()).toBe(1)
    expect(logs()).toHaveLength(2)
    await executor.close()
  })

  it('fail when a call did, and say what the calls would have cost', async () => {
    const executor = new FunctionExecutor({ home, name: 'my title', extraEnv: { TOKEN: 'secret' } })
    await executor.settled(
      executor.callAsync(() => {
        throw new Error('no')
      }),
    )
    await executor.close()
    const [log] = logs()
    expect(log![0]).toMatchObject({ name: 'my title: anonymous', settings: { extraEnv: ['TOKEN'] } })
    expect(JSON.stringify(log)).not.toContain('secret')
    expect(log!.at(-1)).toMatchObject({ status: 'failed', cost: 0 })
    expect((log!.at(-1) as { lambdaCost: number }).lambdaCost).toBeGreaterThan(0)
  })

  it('fail with a reason when the function cannot be stored', async () => {
    writeFileSync(join(home, 'storage'), 'a file where the folder should be')
    const executor = new FunctionExecutor({ home })
    const outcomes = await executor.settled(executor.map((x: number) => x, [1, 2]))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'E_SHIP', kind: 'error' } })
    await executor.close()
    expect(logs()[0]!.at(-1)).toMatchObject({ type: 'run.finished', status: 'failed' })
  })

  it('go on when the log cannot be written', async () => {
    writeFileSync(join(home, 'runs'), 'a file where the folder should be')
    const executor = new FunctionExecutor({ home })
    expect(await executor.callAsync((x: number) => x, 4).result()).toBe(4)
    await executor.close()
    rmSync(join(home, 'runs'))
  })
})
