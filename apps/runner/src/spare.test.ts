import { expect, test, vi } from 'vitest'
import type { Kernel } from './kernel/index.js'
import { SpareKernel } from './spare.js'

function fake(fails = false) {
  const kernel = { executionState: 'starting', shutdown: vi.fn(async () => {}), start: vi.fn() }
  kernel.start.mockImplementation(async () => {
    if (fails) throw new Error('no')
    kernel.executionState = 'idle'
  })
  return kernel
}

test('one is ready after a while, and another after it was taken', async () => {
  const made: ReturnType<typeof fake>[] = []
  const spare = new SpareKernel(async () => {
    made.push(fake())
    return made.at(-1) as unknown as Kernel
  }, 0)
  expect(spare.take()).toBeUndefined()
  spare.prepare()
  spare.prepare()
  await vi.waitFor(() => expect(made).toHaveLength(1), { timeout: 30_000 })
  await vi.waitFor(() => expect(spare.take()).toBe(made[0]), { timeout: 30_000 })
  expect(spare.take()).toBeUndefined()
  await vi.waitFor(() => expect(made).toHaveLength(2), { timeout: 30_000 })
  await spare.close()
  expect(made.map(({ shutdown }) => shutdown.mock.calls.length)).toEqual([0, 1])
})

test('one that does not start is not handed out', async () => {
  const make = vi.fn(async () => fake(true) as unknown as Kernel)
  const spare = new SpareKernel(make, 0)
  spare.prepare()
  await vi.waitFor(() => expect(make).toHaveBeenCalled(), { timeout: 30_000 })
  expect(spare.take()).toBeUndefined()
  await spare.close()
})
