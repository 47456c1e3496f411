import { readFileSync } from 'node:fs'
import * as pipeline from '@mayfly/pipeline'
import { describe, expect, it } from 'vitest'

const notebook = (name: string) =>
  JSON.parse(readFileSync(new URL(`../notebooks/${name}.ipynb`, import.meta.url), 'utf8'))
const demo = notebook('demo')
const experiments = ['experiment-1-typical', 'experiment-2-interactive', 'experiment-3-stress']

describe('the notebooks', () => {
  it.each(['demo', ...experiments])('%s is nbformat 4.5 without outputs', (name) => {
    const written = notebook(name)
    expect(written).toMatchObject({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { kernelspec: { name: 'mayfly', language: 'typescript' } },
    })
    const ids = written.cells.map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const cell of written.cells) {
      expect(cell.id).toMatch(/^[a-z0-9-]{1,64}$/)
      if (cell.cell_type === 'code') expect(cell).toMatchObject({ outputs: [], execution_count: null })
    }
  })

  it.each(['demo', ...experiments])('%s has parameters', (name) => {
    const tagged = notebook(name).cells.filter(({ metadata }: { metadata: { tags?: string[] } }) => metadata.tags)
    expect(tagged).toMatchObject([{ id: 'parameters', metadata: { tags: ['parameters'] } }])
  })

  it('the demo uses every step of the pipeline, and only what there is', () => {
    const source = demo.cells.map((cell: { source: string[] }) => cell.source.join('')).join('\n')
    const used = new Set(Array.from(source.matchAll(/pipeline\.(\w+)\(/g), ([, name]) => name as string))
    const has = Object.getOwnPropertyNames(pipeline.Pipeline.prototype)
    for (const name of used) expect(has).toContain(name)
    for (const step of [
      'uploadMolecularDatabases',
      'buildDatabase',
      'calculateCentroids',
      'uploadDataset',
      'loadDs',
      'splitDs',
      'segmentDs',
      'segmentCentroids',
      'annotate',
      'runFdr',
    ]) {
      expect(used).toContain(step)
    }
  })
})
