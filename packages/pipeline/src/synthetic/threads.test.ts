/** Threads and Ctrl+C, from the built package: a worker thread runs files of `dist`. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeDataset } from '@mayfly/pipeline/synthetic'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))
const database = readFileSync(fileURLToPath(new URL('../../data/mayfly_core.csv', import.meta.url)), 'utf8')
// Few formulas, since every thread looks at each of them before it begins.
const formulas = Array.from(database.matchAll(/,(C.*)/g), ([, formula]) => formula!).filter((_, i) => i % 20 === 0)
const small = { width: 40, height: 30, peaks: 120, formulas }
const command = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))

it.each(['processed', 'continuous'] as const)(
  '%s: the same bytes for any number of threads',
  { timeout: 120_000 },
  async (mode) => {
    const digests = new Set<string>()
    for (const workers of [1, 2, 3]) {
      const { imzml, ibd, truth } = await writeDataset(folder, { ...small, mode, bins: 3000, workers })
      const hash = createHash('sha1')
      for (const file of [imzml, ibd, truth]) hash.update(readFileSync(file))
      digests.add(hash.digest('hex'))
    }
    expect(digests.size).toBe(1)
  },
)

it('threads end when cancelled', async () => {
  const place = join(folder, 'cancelled')
  const controller = new AbortController()
  const going = writeDataset(place, {
    ...{ ...small, width: 400, height: 400, workers: 2, signal: controller.signal },
    onProgress: () => controller.abort(),
  })
  await expect(going).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(readdirSync(place)).toEqual([])
})

it('Ctrl+C leaves no half file, and says so', { timeout: 120_000 }, async () => {
  const place = join(folder, 'interrupted')
  mkdirSync(place)
  const molecules = join(folder, 'db.csv')
  writeFileSync(molecules, `,sf\n${formulas.map((formula, i) => `${i},${formula}\n`).join('')}`)
  const child = spawn(process.execPath, [
    command,
    'synth',
    place,
    '--size',
    '200MB',
    '--db',
    molecules,
    '--workers',
    '2',
  ])
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
