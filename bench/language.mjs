/**
 * The language service: completion and diagnostics after an edit in a notebook of 50 cells, over the runner's socket as a page has it;
 * the time to the first diagnostics, and the memory of the compiler.
 *
 *   npm run bench -- language        prints one JSON row a line: { measure, value, unit, goal, ok }
 *
 * Each sample edits another cell; an edit goes to the runner and the answer comes back over the same socket. The workspace is new;
 * `node:` types are Mayfly's own, those of lodash stand for a library of three hundred generic functions.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { signTicket } from '@mayfly/runner/ticket'
import { WebSocket } from 'ws'
import { median, row, treeMemory } from './lib.mjs'

const CELLS = 50
const SAMPLES = 60
const COMPLETION_MS = 20
const DIAGNOSTICS_MS = 10
const SECRET = 'b'.repeat(64)

/** What cell `i` of the notebook says: imports in the first, each later one uses its neighbour. */
function source(i) {
  if (i === 0)
    return 'import { readFile } from "node:fs/promises"\nimport _ from "lodash"\nconst a0 = _.range(3)\nlet x0 = { n: 0 }\n'
  return `const a${i} = a${i - 1}.map((value) => value + ${i})\nlet x${i} = { n: ${i}, text: 'cell' }\nx${i - 1}.n = 3\nconsole.log(a${i})\n`
}

/** Measures and prints the rows; also called by the kernel's bench. */
export async function benchLanguage() {
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-bench-')))
  const lodash = join(workspace, 'node_modules', '@types', 'lodash')
  mkdirSync(lodash, { recursive: true })
  writeFileSync(join(lodash, 'package.json'), '{"name":"@types/lodash","version":"4.0.0","types":"index.d.ts"}')
  writeFileSync(join(lodash, 'index.d.ts'), LODASH)
  const runner = await startRunner(workspace)
  try {
    await overSocket(runner)
  } finally {
    runner.child.kill()
    rmSync(workspace, { recursive: true, force: true })
  }
}

/** Types of the shape and size class that matter here: a namespace of generic functions, imported by default. */
const LODASH = `declare namespace _ {
${Array.from({ length: 300 }, (_, i) => `  function f${i}<T, U = T>(items: readonly T[], each?: (item: T, index: number) => U): U[]`).join('\n')}
  function range(end: number): number[]
}
export = _
export as namespace _
`

async function startRunner(workspace) {
  const main = createRequire(import.meta.url).resolve('@mayfly/runner/main')
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      MAYFLY_WORKSPACE: workspace,
      MAYFLY_SECRET: SECRET,
      MAYFLY_ORIGINS: 'http://localhost:1',
      MAYFLY_RUNNER_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise((resolve) => child.stdout.once('data', resolve))
  const { port } = JSON.parse(line.toString())
  const ticket = signTicket({ sub: 'local', exp: Math.ceil(Date.now() / 1000) + 3600, scope: 'runner' }, SECRET)
  return { child, port, ticket }
}

async function overSocket({ port, ticket }) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/mayfly/language?path=bench.ipynb&token=${ticket}`)
  await new Promise((resolve) => socket.once('open', resolve))
  const listeners = new Set()
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString())
    for (const listener of listeners) listener(message)
  })
  const until = (matches) =>
    new Promise((resolve) => {
      const listen = (message) => {
        if (!matches(message)) return
        listeners.delete(listen)
        resolve(message)
      }
      listeners.add(listen)
    })
  const send = (message) => socket.send(JSON.stringify(message))
  const versions = new Array(CELLS).fill(1)
  const edit = (i, offset, length, text) =>
    send({ op: 'edit', cellId: `c${i}`, version: ++versions[i], changes: [{ offset, length, text }] })
  const diagnosed = (i) =>
    until(({ push, cellId, version }) => push === 'diagnostics' && cellId === `c${i}` && version === versions[i])

  const opened = performance.now()
  const all = Array.from({ length: CELLS }, (_, i) => diagnosed(i))
  send({
    op: 'cells',
    cells: versions.map((version, i) => ({ id: `c${i}`, kind: 'code', source: source(i), version })),
  })
  await Promise.race(all)
  row(
    `language: first diagnostics of a notebook of ${CELLS} cells, server started`,
    performance.now() - opened,
    'ms',
    1500,
  )
  const reports = await Promise.all(all)
  row('language: diagnostics of all cells', performance.now() - opened, 'ms', 2500)
  const wrong = reports.flatMap(({ items }) => items)
  if (wrong.length > 0) throw new Error(`the notebook of the bench has a type error: ${wrong[0].message}`)

  const diagnostics = []
  const completion = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const i = 1 + ((sample * 7) % (CELLS - 1))
    const since = performance.now()
    const told = diagnosed(i)
    edit(i, 0, 0, ' ')
    await told
    diagnostics.push(performance.now() - since)
    await settled(until)
  }
  for (let sample = 0; sample < SAMPLES; sample++) {
    const i = 1 + ((sample * 7) % (CELLS - 1))
    const typed = `x${i - 1}.\n`
    const since = performance.now()
    const answer = until(({ id }) => id === sample + 1)
    edit(i, 0, 0, typed)
    send({ op: 'complete', id: sample + 1, cellId: `c${i}`, line: 0, character: typed.length - 1 })
    const { result } = await answer
    completion.push(performance.now() - since)
    if (!result.items.some(({ label }) => label === 'n'))
      throw new Error('a completion without the member it should have')
    edit(i, 0, typed.length, '')
    await settled(until)
  }
  row(
    `language: diagnostics after an edit, ${CELLS} cells, median of ${SAMPLES}`,
    median(diagnostics),
    'ms',
    DIAGNOSTICS_MS,
  )
  row(
    `language: completion after an edit, ${CELLS} cells, median of ${SAMPLES}`,
    median(completion),
    'ms',
    COMPLETION_MS,
  )
  const status = await fetch(`http://127.0.0.1:${port}/api/mayfly/language`, {
    headers: { authorization: `token ${ticket}` },
  })
  const { pid } = await status.json()
  row('language: memory of the compiler', treeMemory(pid) / 2 ** 20, 'MiB', 250)
  socket.close()
}

/** Waits until no more diagnostics come: the cells that depend on an edit are looked at after it. */
async function settled(until) {
  for (;;) {
    const quiet = new Promise((resolve) => setTimeout(resolve, 40, false))
    if (!(await Promise.race([until(({ push }) => push === 'diagnostics').then(() => true), quiet]))) return
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await benchLanguage()
