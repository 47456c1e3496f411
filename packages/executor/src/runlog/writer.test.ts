import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { RunEvent } from '../events.js'
import { RunLogWriter } from './writer.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-writer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const event = (call: number, text = ''): RunEvent => ({ type: 'log', at: 1, call, attempt: 1, stream: 'stdout', text })
const lines = (path: string) => readFileSync(path, 'utf8').split('\n')
const sequence = (path: string) =>
  lines(path)
    .slice(0, -1)
    .map((line) => JSON.parse(line).seq)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const fail = (error: unknown) => {
  throw error
}

it('writes soon, without being asked', async () => {
  const log = new RunLogWriter(join(folder, 'a', 'soon.ndjson'), fail)
  log.append(event(0))
  log.append(event(1))
  await expect.poll(() => sequence(log.path)).toEqual([1, 2])
  log.close()
})

it('keeps order and loses nothing, however flushes, writes under way and closing fall together', async () => {
  for (let round = 0; round < 10; round++) {
    const log = new RunLogWriter(join(folder, `mixed-${round}.ndjson`), fail)
    for (let i = 0; i < 400; i++) {
      // Long lines, so that some writes start by size and are under way when the next flush comes.
      log.append(event(i, 'ü'.repeat(i % 7 === 0 ? 40_000 : 3)))
      if (i % 97 === round || i % 97 === round + 1 || i % 13 === 0) log.flush()
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    log.close()
    expect(sequence(log.path)).toEqual(upTo(400))
    log.append(event(0))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sequence(log.path)).toEqual(upTo(400))
  }
})

it('flushes again and again while the same write is under way', async () => {
  const log = new RunLogWriter(join(folder, 'again.ndjson'), fail)
  for (let i = 0; i < 3; i++) {
    log.append(event(i, 'x'.repeat(1_500_000)))
    for (let k = 0; k < 3; k++) {
      log.append(event(k, 'y'.repeat(k)))
      log.flush()
    }
  }
  expect(sequence(log.path)).toEqual(upTo(12))
  log.append(event(0))
  log.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(sequence(log.path)).toEqual(upTo(13))
})

it('reports once that it cannot write, and then keeps quiet', () => {
  const errors: unknown[] = []
  const log = new RunLogWriter('/dev/null/nowhere/x.ndjson', (error) => errors.push(error))
  for (let i = 0; i < 3; i++) log.append(event(i))
  log.flush()
  log.close()
  expect(errors).toHaveLength(1)
})
