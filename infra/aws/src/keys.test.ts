/** Every key that the executor writes lies under a prefix that the stack gives rights to. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor, type Storage } from '@mayfly/executor'
import { afterAll, expect, it } from 'vitest'
import { settings } from './settings.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-keys-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const cleaner: { sweep(storage: Storage, at: number): Promise<string[]> } = await import(
  new URL('cleaner.js', import.meta.resolve('@mayfly/executor')).href
)

it('code, inputs, results, kept results, cloud objects and the mark of the cleaner', async () => {
  await using executor = new FunctionExecutor({ home, workers: 1, progress: false })
  const large = 'x'.repeat(2_000_000)
  const keep = async (text: string, ctx: { storage: Storage }) => {
    await ctx.storage.putCloudObject(text)
    return text
  }
  await executor.getResult(executor.map(keep, [large], { idempotencyKey: 'once' }))
  await cleaner.sweep(executor.storage, Date.now())
  const folders = readdirSync(join(home, 'storage', 'mayfly')).filter((name) => !/^[%.]/.test(name))
  const { prefixes } = settings({ region: 'eu-central-1' })
  expect(folders.length).toBeGreaterThanOrEqual(5)
  for (const folder of folders) expect(prefixes).toContain(`${folder}/`)
})
