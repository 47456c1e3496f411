/**
 * The serializer as a whole: functions are captured in one process and called in a fresh one. Uses the built package.
 * Every line of `fixtures/cases.json` is `[name, cells, expression that yields the function, arguments, result]`; a result
 * `REJECT: text` wants a refusal whose message begins the way with that text.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { remapStack } from './sources.js'
import type { SourceSpan } from './types.js'

type Case = [name: string, cells: string[], expression: string, args: unknown[], want: unknown]
interface Shipped {
  name: string
  folder: string
  codeHash: string
  sources: SourceSpan[]
  stable?: boolean
  error?: { code?: string; message: string; hint?: string }
}
interface Answer {
  name: string
  value?: unknown
  error?: { message: string; stack: string }
}

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url))
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const folders: string[] = []

/** A scratch folder inside the package, so that modules in it find the packages. */
function scratch(): string {
  const folder = mkdtempSync(fileURLToPath(new URL('../../dist/closure-test-', import.meta.url)))
  folders.push(folder)
  return folder
}

function node(script: string, ...args: string[]): void {
  nodeOf(process.execPath, script, ...args)
}

function nodeOf(binary: string, script: string, ...args: string[]): void {
  execFileSync(binary, [join(fixtures, script), ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** A supported Node of another major version than this one: that of the kernels, or one on PATH. */
function otherNode(): string | undefined {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  return [process.env.MAYFLY_KERNEL_NODE, ...paths].find((binary) => {
    if (!binary || !existsSync(binary)) return false
    const major = Number.parseInt(execFileSync(binary, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10)
    return major >= 20 && major !== Number.parseInt(process.versions.node, 10)
  })
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function runCases(
  cases: Case[],
  home = process.execPath,
  away = process.execPath,
): { shipped: Shipped[]; answers: Map<string, Answer> } {
  const out = scratch()
  writeFileSync(join(out, 'cases.json'), JSON.stringify(cases))
  nodeOf(home, 'repl.mjs', join(out, 'cases.json'), out)
  const shipped: Shipped[] = read(join(out, 'results.json'))
  const calls = shipped.map((each, index) => ({ ...each, args: cases[index]![3] })).filter((each) => !each.error)
  writeFileSync(join(out, 'calls.json'), JSON.stringify(calls))
  nodeOf(away, 'worker.mjs', out)
  return { shipped, answers: new Map(read(join(out, 'answers.json')).map((answer: Answer) => [answer.name, answer])) }
}

function describeCases(title: string, cases: Case[], home?: string, away?: string): void {
  describe(title, () => {
    let run: ReturnType<typeof runCases>
    beforeAll(() => {
      run = runCases(cases, home, away)
    })
    it.each(cases.map((each, index) => [each[0], each[4], index] as const))('%s', (name, want, index) => {
      const shipped = run.shipped[index]!
      if (typeof want === 'string' && want.startsWith('REJECT')) {
        expect(shipped.error?.code).toMatch(/^E_CLOSURE_/)
        expect(shipped.error?.hint).toBeTruthy()
        expect(shipped.error?.message).toContain(want.replace(/^REJECT(: )?/, ''))
        return
      }
      expect(shipped.error).toBeUndefined()
      expect(run.answers.get(name)).toEqual({ name, value: want })
      expect(shipped.stable).toBe(true)
    })
  })
}

describeCases('functions of cells', read(join(fixtures, 'cases.json')))

const other = otherNode()
if (other) {
  describeCases('functions that run on another Node', read(join(fixtures, 'cases.json')), undefined, other)
  describeCases('functions that come from another Node', read(join(fixtures, 'cases.json')), other)
} else describe.skip('functions between versions of Node: there is no other one (MAYFLY_KERNEL_NODE, PATH)')

const shared = fileURLToPath(new URL('../../../../../shared/refdata/notebook/closures.json', import.meta.url))
if (existsSync(shared)) describeCases('reference cases', read(shared))
else describe.skip(`reference cases: ${shared} is not there`)

describe('functions of ordinary modules', () => {
  let calls: Shipped[]
  let answers: Answer[]
  beforeAll(() => {
    const out = scratch()
    node('module.mjs', out)
    calls = read(join(out, 'calls.json'))
    node('worker.mjs', out)
    answers = read(join(out, 'answers.json'))
  })

  it.each([
    ['work', '15,a/b,y,function,1000,3,1'],
    ['nested', '22,a/b,y,function,1000,3,1+5'],
    ['usesClass', 7],
    ['usesInstance', 13],
    ['marked', 1007],
    ['usesMarked', 'true,6,1007'],
    ['lazy', 7],
    ['ownUrl', true],
    ['topThis', true],
  ])('%s', (name, value) => {
    expect(answers.find((answer) => answer.name === name)).toEqual({ name, value })
  })

  it('leads a stack back to the line in the module', () => {
    const { folder, codeHash, sources } = calls.find(({ name }) => name === 'failing')!
    const { error } = answers.find(({ name }) => name === 'failing')!
    const lines = readFileSync(join(fixtures, 'library', 'lib.mjs'), 'utf8').split('\n')
    const line = lines.findIndex((text) => text.includes('throw new RangeError')) + 1
    expect(remapStack(error!.stack, join(folder, `${codeHash}.mjs`), sources)).toContain(`library/lib.mjs:${line}:9`)
  })
})
