import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sectionFolder } from '../fixtures/section.js'
import { type StageContext, withMemory } from './context.js'
import { loadImzml, readChunk } from './spectra.js'

it('reads of the ibd what a chunk needs, each part once', async () => {
  const outside: StageContext = {
    storage: { getCloudObject: () => Promise.reject(new Error()), putCloudObject: () => Promise.reject(new Error()) },
  }
  const { inner } = withMemory(outside)
  const [imzml, ibd] = await Promise.all(
    ['section.imzML', 'section.ibd'].map((file) =>
      inner.storage.putCloudObject(readFileSync(join(sectionFolder, file)), { key: file }),
    ),
  )
  const index = await loadImzml({ imzml: imzml!, file: 'section.imzML', key: 'index' }, inner)
  const read: { start: number; end: number }[] = []
  const watching: StageContext = {
    storage: {
      ...inner.storage,
      getCloudObject: (object, options) => {
        if (object.key === 'section.ibd') read.push(options!.range as { start: number; end: number })
        return inner.storage.getCloudObject(object, options)
      },
    },
  }
  const chunks = 4
  for (let chunk = 0; chunk < chunks; chunk++) {
    const before = read.length
    const item = { index, ibd: ibd!, file: 'section.ibd', chunks, positive: false, chunk, key: `chunk-${chunk}` }
    const { peaks } = await readChunk(item, watching)
    expect(peaks).toBeGreaterThan(0)
    expect(read.length - before).toBe(1)
  }
  const sorted = read.sort((a, b) => a.start - b.start)
  for (const [i, { end }] of sorted.slice(0, -1).entries()) expect(end).toBeLessThan(sorted[i + 1]!.start)
  const bytes = sorted.reduce((sum, { start, end }) => sum + end + 1 - start, 0)
  expect(bytes).toBeLessThanOrEqual(ibd!.size)
})
