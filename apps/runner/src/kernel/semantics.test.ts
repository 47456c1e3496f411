import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'
import { NODES, openKernel, WORKSPACE } from './fixtures/client.js'

type Case = [name: string, cells: string[], expected: string]

const read = (url: URL): Case[] => JSON.parse(readFileSync(url, 'utf8'))

/** Runs each list of cells in a kernel of its own and matches the last cell's text. */
function defineCases(cases: Case[], workspace: string, nodePath: string): void {
  test.concurrent.for(cases)('%s', async ([, cells, expected], { expect }) => {
    const { kernel, run } = await openKernel({ workspace, nodePath })
    try {
      let text = ''
      for (const cell of cells) text = (await run(cell)).text
      expect(text.trim()).toMatch(new RegExp(expected))
    } finally {
      await kernel.shutdown()
    }
  })
}

describe.for(NODES)('cells on %s', ([, nodePath]) =>
  defineCases(read(new URL('./fixtures/cells.json', import.meta.url)), WORKSPACE, nodePath),
)

const reference = new URL('../../../../../shared/refdata/notebook/', import.meta.url)
const present = existsSync(reference)
if (!present) console.log('Skipped: the reference cases of ../shared/refdata/notebook are not here.')

describe.skipIf(!present).for(NODES)('reference cells on %s', ([, nodePath]) => {
  if (!present) return
  defineCases(read(new URL('cell_semantics.json', reference)), fileURLToPath(new URL('workspace', reference)), nodePath)
})
