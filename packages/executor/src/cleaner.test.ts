import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, expect, it } from 'vitest'
import { sweep } from './cleaner.js'
import { deployCode } from './deploy.js'

import { openStorage } from './storage/storage.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-cleaner-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const DAY_MS = 86_400_000

/** Makes the file of every object in the folder look as if it was written so many days ago. */
function age(folder: string, days: number): void {
  const at = (Date.now() - days * DAY_MS) / 1000
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), at, at)
}

it('keeps code that is still used, however old, and removes what nobody has used for a week', async () => {
  const storage = openStorage('localhost', home)
  const { bucket } = storage
  const blobs = [{ hash: 'b0', bytes: new Uint8Array(8) }]
  const used = { name: 'f', codeHash: 'c0', code: 'export {}', dataHash: 'd0', data: new Uint8Array(4), blobs }
  const shipment = { ...used, entry: '', sources: {} } as never
  await deployCode(shipment, storage)
  await storage.putObject(bucket, 'code/unused.mjs', 'x')
  await storage.putObject(bucket, 'jobs/old/M000/results/0', 'x')
  await storage.putObject(bucket, 'cloudobjects/mine', 'x')
  const root = join(home, 'storage', bucket)
  for (const folder of ['code', 'data', 'cloudobjects', 'jobs/old/M000/results']) age(join(root, folder), 8)
  // A job that finds its code there says so by its age.
  await deployCode(shipment, storage)
  const removed = await sweep(storage, Date.now())
  expect(removed.sort()).toEqual(['code/unused.mjs', 'jobs/old/M000/results/0'])
  expect(await storage.listKeys(bucket, 'data/')).toEqual(['data/b0.bin', 'data/d0.bin'])
  expect(await storage.listKeys(bucket, 'cloudobjects/')).toEqual(['cloudobjects/mine'])
  expect(await sweep(storage, Date.now()), 'once a day').toEqual([])
})

it('removes what comes late when it is asked to: a second attempt may publish what was taken from the first', async () => {
  await using executor = new FunctionExecutor({ home })
  const future = executor.callAsync(() => 1)
  await future.result()
  const { storage, runId } = executor
  const late = `jobs/${runId}/${future.jobId}/results/0`
  await storage.putObject(storage.bucket, late, 'x')
  await executor.clean()
  expect(await storage.listKeys(storage.bucket, `jobs/${runId}/${future.jobId}/results/`)).toEqual([])
})
