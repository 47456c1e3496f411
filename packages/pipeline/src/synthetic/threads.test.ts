/** Threads and Ctrl+C, from the built package: a worker thread runs files of `dist`. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeDataset } from '@mayfly/pipeline/synthetic'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))
const small = { width: 40, height: 30, peaks: 120 }
const command = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))

it.each(['processed', 'continuous'] as const)('%s: the same bytes for any number of threads', async (mode) => {
  const digests = new Set<string>()
  for (const workers of [1, 2, 3]) {
    const { imzml, ibd, truth } = await writeDataset(folder, { ...small, mode, bins: 3000, workers })
    const hash = createHash('sha1')
    for (const file of [imzml, ibd, truth]) hash.update(readFileSync(file))
    digests.add(hash.digest('hex'))
  }
  expect(digests.size).toBe(1)
})

it('threads end when cancelled', async () => {
  const place = join(folder, 'cancelled')
  const controller = new AbortController()
  const going = writeDataset(place, {
    ...{ width: 400, height: 400, peaks: 300, workers: 2, signal: controller.signal },
    onProgress: () => controller.abort(),
  })
  await expect(going).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(readdirSync(place)).toEqual([])
})

it('Ctrl+C leaves no half file, and says so', async () => {
  const place = join(folder, 'interrupted')
  mkdirSync(place)
  const child = spawn(process.execPath, [command, 'synth', place, '--size', '2GB', '--workers', '2'])
  let told = ''
  child.stderr.on('data', (text) => {
    told += text
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  while (readdirSync(place).length === 0 && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 50))
  child.kill('SIGINT')
  expect(await ended, told).toBe(130)
  expect(told).toContain('E_CANCELLED')
  expect(readdirSync(place)).toEqual([])
})
