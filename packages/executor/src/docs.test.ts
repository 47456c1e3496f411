/** The examples of docs/executor.md, run as one script in their order; the proofs that docs/lithops.md names. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { checkExecutorOptions } from './options.js'
import { awsS3Config } from './storage/aws-s3/options.js'

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

/** Each row of the tables of a page, with the tests it names. */
function proofsOf(name: string): { row: string; proofs: { file: string; title: string }[] }[] {
  const text = readFileSync(new URL(name, pathToFileURL(page)), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (Lithops|AWS|run|---)/.test(line))
  return rows.map((row) => {
    const found = [
      ...row
        .split(' | ')
        .at(-1)!
        .matchAll(/`([\w./-]+\.ts)`(?: “([^”]+)”)?/g),
    ]
    return { row, proofs: found.map(([, file = '', title = '']) => ({ file, title })) }
  })
}

it.each([
  ['lithops.md', 70, /\*\*missing\*\*|no counterpart/],
  ['aws.md', 35, /\*\*no\*\*|\$/],
])('every proof that docs/%s names is there, and every row has one or says what is missing', (name, least, without) => {
  const rows = proofsOf(name)
  expect(rows.length).toBeGreaterThan(least)
  for (const { row, proofs } of rows) {
    if (proofs.length === 0) expect(row).toMatch(without)
    for (const { file, title } of proofs) {
      const source = new URL(file.startsWith('infra/') ? `../../../${file}` : file, import.meta.url)
      expect(existsSync(source), `${file} in ${row}`).toBe(true)
      expect(readFileSync(source, 'utf8'), row).toContain(title)
    }
  }
})

it('what docs/aws.md shows to copy is what the executor and IAM take', () => {
  const text = readFileSync(new URL('aws.md', pathToFileURL(page)), 'utf8')
  const shown = [...text.matchAll(/^ *```json\n([\s\S]*?)^ *```$/gm)].map(([, json]) => JSON.parse(json!))
  const sections = shown.filter((one) => 'aws_lambda' in one)
  expect([sections.length, shown.length]).toEqual([2, 3])
  for (const section of sections) {
    const checked = checkExecutorOptions({ ...section, backend: 'aws_lambda' })
    expect(awsS3Config({ ...checked.aws_s3!, backend: 'aws_s3' })).toMatchObject({ region: 'eu-central-1' })
  }
  const statements = shown.flatMap((one) => one.Statement ?? [])
  // Two actions belong to no resource.
  const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action)
  expect(open).toEqual(['lambda:ListFunctions', 'lambda:GetAccountSettings'])
})
