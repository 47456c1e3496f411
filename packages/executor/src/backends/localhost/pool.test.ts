import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import type { WorkerPool } from './pool.js'

// The pool starts processes, so it is taken from the built package.
const dist = new URL('.', import.meta.resolve('@mayfly/executor'))
const built = new URL('backends/localhost/pool.js', dist)
const { WorkerPool: Pool } = (await import(pathToFileURL(built.pathname).href)) as { WorkerPool: typeof WorkerPool }
const PATIENTLY = { timeout: 30_000 }
const kind = { runtimeMemory: undefined, cwd: process.cwd() }

it('ends workers nobody uses, prewarmed ones too, and no worker in use', async () => {
  const pool = new Pool(400)
  const worker = pool.acquire(kind)
  await expect.poll(() => worker.heapLimit, PATIENTLY).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 800))
  expect(worker.dead).toBe(false)
  pool.release(worker)
  await expect.poll(() => worker.dead, PATIENTLY).toBe(true)

  pool.prewarm(1, kind)
  const prewarmed = pool.acquire(kind)
  pool.release(prewarmed)
  await expect.poll(() => prewarmed.dead, PATIENTLY).toBe(true)
})

it('gives the warmest worker of the right kind', async () => {
  const pool = new Pool(1500)
  const [first, second] = [pool.acquire(kind), pool.acquire(kind)]
  pool.release(first)
  pool.release(second)
  expect(pool.acquire({ ...kind, runtimeMemory: 100 })).not.toBe(second)
  expect(pool.acquire(kind)).toBe(second)
  expect(pool.acquire(kind)).toBe(first)
  for (const worker of [first, second]) worker.kill()
})
