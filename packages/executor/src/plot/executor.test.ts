import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, expect, it } from 'vitest'

const home = mkdtempSync(join(tmpdir(), 'mayfly-plot-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

it('an executor plots its runs so far, retried attempts included', async () => {
  await using executor = new FunctionExecutor({ home, workers: 1, progress: false })
  await executor.getResult(executor.map((n: number) => n, [1, 2, 3]))
  const flaky = (_: number, ctx: { attempt: number }) => {
    if (ctx.attempt === 1) throw new Error('once')
  }
  await executor.getResult(executor.map(flaky, [1], { retries: 1 }))
  const plots = await executor.plot(join(home, 'p'))
  expect(plots.timeline).toContain('4 calls')
  expect(plots.timeline).toContain('1 failed attempts')
  for (const name of ['p_timeline.svg', 'p_histogram.svg', 'p.html']) expect(existsSync(join(home, name))).toBe(true)
  const shown = (plots as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for('mayfly.display')]!()
  expect(shown['text/html']).toContain('<svg')
})
