/** What the scheduler does with a backend that takes its time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, expect, it } from 'vitest'
import type { AttemptEvent, Backend, Invocation } from './backends/backend.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-scheduler-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

it('does not make calls that were cancelled while the backend was made ready, and their place is free', async () => {
  const made: number[] = []
  let ready = () => {}
  const prepared = new Promise<void>((resolve) => (ready = resolve))
  const backend: Backend = {
    name: 'slow',
    limits: { concurrency: 1, inlineInput: 1e6, inlineResult: 1e6, lease: { start: 20_000, running: 20_000 } },
    prewarm: () => {},
    prepare: () => prepared as never,
    async *invoke(_deployment, batch: Invocation[], signal): AsyncGenerator<AttemptEvent> {
      made.push(...batch.map(({ index }) => index))
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    cancel: () => {},
    price: () => ({ gbSecond: 0, request: 0 }),
    close: async () => {},
  }
  await using executor = new FunctionExecutor({ home, backend, progress: false } as never)
  const first = executor.map((x: number) => x, [0, 1, 2], { chunksize: 3 })
  await expect.poll(() => first[0]!.state).toBe('invoked')
  executor.cancel()
  for (const outcome of await executor.settled(first)) expect(outcome).toMatchObject({ reason: { kind: 'cancelled' } })
  const second = executor.map((x: number) => x, [7])
  ready()
  await expect.poll(() => made).toEqual([0])
  executor.cancel()
  await executor.settled(second)
})
