/** The examples of docs/executor.md, run as one script in their order; the proofs that docs/lithops.md names. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const page = fileURLToPath(new URL('../../../docs/executor.md', import.meta.url))

it('the examples of docs/executor.md do what they say', async () => {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)
  expect(blocks.length).toBeGreaterThan(5)
  const checks = `
import { deepStrictEqual } from 'node:assert'
deepStrictEqual([one, squares, outcomes.map(({ status }) => status)], [42, [1, 4, 9], ['fulfilled', 'rejected', 'fulfilled']])
deepStrictEqual([lengths, total, rows.reduce((sum, n) => sum + n, 0)], [[2, 1, 2], 7, 3])
deepStrictEqual(timeline.startsWith('<svg'), true)
console.log('all right')
process.exit(0)`
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-docs-'))
  const { outputFiles } = await build({
    stdin: {
      contents: [...blocks, checks].join('\n'),
      loader: 'ts',
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20', packages: 'external' },
  })
  // Beside the package, so that its name resolves; its state goes to a folder of its own.
  const here = join(fileURLToPath(new URL('..', import.meta.url)), 'dist', `docs-examples-${process.pid}.mjs`)
  writeFileSync(here, outputFiles[0]!.text)
  try {
    const { out, err } = await new Promise<{ out: string; err: string }>((resolve) =>
      execFile(process.execPath, [here], { cwd: folder, env: { ...process.env, MAYFLY_HOME: folder } }, (_, out, err) =>
        resolve({ out, err }),
      ),
    )
    expect(err).toBe('')
    expect(out).toContain('all right')
  } finally {
    rmSync(here, { force: true })
    rmSync(folder, { recursive: true, force: true })
  }
})

it('every proof that docs/lithops.md names is there, and every row has one or says what is missing', () => {
  const table = readFileSync(new URL('lithops.md', pathToFileURL(page)), 'utf8')
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Lithops|---)/.test(line))
  expect(rows.length).toBeGreaterThan(70)
  for (const row of rows) {
    const cells = row.split(' | ')
    const proofs = [...cells.at(-1)!.matchAll(/`([\w./-]+\.ts)`(?: “([^”]+)”)?/g)]
    if (proofs.length === 0) expect(row).toMatch(/\*\*missing\*\*|no counterpart/)
    for (const [, file, name = ''] of proofs) {
      const source = new URL(file!, import.meta.url)
      expect(existsSync(source), `${file} in ${row}`).toBe(true)
      expect(readFileSync(source, 'utf8'), row).toContain(name)
    }
  }
})
