import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { doomedOutputs, OUTPUT_AGE_MS, OUTPUT_BYTES, Outputs } from './outputs.js'

test('the newest stay, up to an age and a sum', () => {
  const now = 1e12
  const file = (path: string, bytes: number, age: number) => ({ path, bytes, at: now - age })
  const files = [
    file('old', 1, OUTPUT_AGE_MS + 1),
    file('new', 10, 1),
    file('big', OUTPUT_BYTES - 5, 2),
    file('mid', 5, 1),
  ]
  expect(doomedOutputs(files, now).map(({ path }) => path)).toEqual(['big', 'old'])
})

test('cleaning deletes files, and needs no folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-outputs-'))
  mkdirSync(join(folder, 'k'))
  for (const name of ['a', 'b']) writeFileSync(join(folder, 'k', name), 'x')
  utimesSync(join(folder, 'k', 'a'), 1, 1)
  await new Outputs(folder).clean()
  expect(readdirSync(join(folder, 'k'))).toEqual(['b'])
  await new Outputs(join(folder, 'none')).clean()
})
