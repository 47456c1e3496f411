import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Workspace } from '../workspace/workspace.js'
import { sweep } from './sweep.js'

test('only what is old and whose notebook is gone is removed', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-sweep-')))
  const home = join(root, '.mayfly')
  const old = (path: string) => utimesSync(path, 1, 1)
  mkdirSync(join(home, 'journal'), { recursive: true })
  writeFileSync(join(root, 'here.ipynb'), '')
  for (const [digit, notebook] of [
    ['1', 'gone.ipynb'],
    ['2', 'here.ipynb'],
    ['3', 'gone-too.ipynb'],
  ] as const) {
    const journal = join(home, 'journal', `${digit.repeat(32)}.0.ndjson`)
    writeFileSync(journal, `${JSON.stringify({ notebook, seq: 0 })}\n`)
    if (digit !== '3') old(journal)
    const index = join(home, 'versions/d', notebook, '@')
    mkdirSync(index, { recursive: true })
    writeFileSync(join(index, 'index.ndjson'), '')
    if (digit !== '3') old(join(index, 'index.ndjson'))
  }
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'd/here.ipynb'), '')
  await sweep(new Workspace(root, home))
  expect(readdirSync(join(home, 'journal')).map((name) => name[0])).toEqual(['2', '3'])
  const histories = ['gone', 'here', 'gone-too'].map((name) => existsSync(join(home, `versions/d/${name}.ipynb/@`)))
  expect(histories).toEqual([false, true, true])
})
