import { type Runtime, Session } from 'node:inspector'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { compileCell } from './compile.js'
import { mapPosition } from './maps.js'
import type { Kind, NotebookNames } from './names.js'

/** A notebook in this very process: cells are compiled, evaluated in REPL mode, and their names kept. */
class Notebook {
  readonly #session = new Session()
  names: NotebookNames = { kinds: new Map(), renamed: new Set(), globals: new Set(['URL', 'Map', 'fetch']) }
  #cells = 0

  constructor() {
    this.#session.connect()
    Object.assign(globalThis, {
      __nb: {
        wait: (value: unknown) => value,
        each: (value: unknown) => value,
        use: (value: unknown) => value,
        import: async () => ({ default: 'default', one: 1, two: 2 }),
      },
    })
  }

  async run(source: string): Promise<unknown> {
    const compiled = await compileCell(source, this.names, `cell-t${++this.#cells}`)
    const kinds = new Map<string, Kind>([...this.names.kinds, ...compiled.declared])
    this.names = { ...this.names, kinds, renamed: compiled.renamed }
    return new Promise((resolve, reject) => {
      const parameters = { expression: compiled.code, replMode: true, awaitPromise: true, returnByValue: true }
      this.#session.post('Runtime.evaluate', parameters, (error, answer) => {
        const { result, exceptionDetails } = answer as Runtime.EvaluateReturnType
        if (error || exceptionDetails) reject(error ?? new Error(exceptionDetails?.exception?.description))
        else resolve(result.value)
      })
    })
  }

  close(): void {
    this.#session.disconnect()
  }
}

const notebook = new Notebook()
afterAll(() => notebook.close())

/** Every way a cell can bind a name to `n`, as TypeScript, and the expression that reads it back. */
const FORMS: Record<string, (name: string, n: number) => [declare: string, read: string]> = {
  const: (name, n) => [`const ${name}: number = ${n}`, name],
  let: (name, n) => [`let ${name} = ${n}`, name],
  var: (name, n) => [`var ${name} = ${n}`, name],
  exported: (name, n) => [`export const ${name} = ${n}`, name],
  function: (name, n) => [`function ${name}(): number { return ${n} }`, `${name}()`],
  async: (name, n) => [`async function ${name}() { return ${n} }`, `await ${name}()`],
  class: (name, n) => [`class ${name} { static n = ${n} }`, `${name}.n`],
  abstract: (name, n) => [`abstract class ${name} { static n: number = ${n} }`, `${name}.n`],
  decorated: (name, n) => [`@((c: any) => c) class ${name} { static n = ${n} }`, `${name}.n`],
  enum: (name, n) => [`enum ${name} { n = ${n} }`, `${name}.n`],
  namespace: (name, n) => [`namespace ${name} { export const n = ${n} }`, `${name}.n`],
  pattern: (name, n) => [`const { ${name}, ...rest_${name} } = { ${name}: ${n}, x: 0 }`, name],
  list: (name, n) => [`let [${name}] = [${n}], other_${name}: string = ''`, name],
  loop: (name, n) => [`for (var ${name} = 0; ${name} < ${n}; ${name}++) {}`, name],
  block: (name, n) => [`{ var ${name}: number = ${n} }`, name],
  import: (name, n) => [`import { ${n % 2 ? 'one' : 'two'} as ${name} } from 'm'`, `${name} + ${n - (n % 2 ? 1 : 2)}`],
  namespaceImport: (name, n) => [`import * as ${name} from 'm'`, `${name}.one + ${n - 1}`],
}

describe('any history of declarations', () => {
  test('every declaration takes effect, whatever the name was before', async () => {
    let fresh = 0
    const form = fc.constantFrom(...Object.keys(FORMS))
    await fc.assert(
      fc.asyncProperty(fc.array(form, { minLength: 1, maxLength: 6 }), async (forms) => {
        const name = `name${++fresh}`
        for (const [i, key] of forms.entries()) {
          const [declare, read] = FORMS[key]!(name, i + 1)
          await notebook.run(declare)
          expect(await notebook.run(read)).toBe(i + 1)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('also for names the runtime has, and its own stay untouched', async () => {
    const own = globalThis.URL
    for (const [i, key] of Object.keys(FORMS).entries()) {
      const [declare, read] = FORMS[key]!('URL', i + 1)
      await notebook.run(declare)
      expect([key, await notebook.run(read)]).toEqual([key, i + 1])
    }
    expect(globalThis.URL).toBe(own)
  })

  test('two declarations in one cell', async () => {
    const pairs = fc.tuple(fc.constantFrom(...Object.keys(FORMS)), fc.constantFrom(...Object.keys(FORMS)))
    let fresh = 0
    await fc.assert(
      fc.asyncProperty(pairs, async ([first, second]) => {
        const [a, b] = [`first${++fresh}`, `second${fresh}`]
        const one = FORMS[first]!(a, 1)
        const two = FORMS[second]!(b, 2)
        expect(await notebook.run(`${one[0]}\n${two[0]}\n;[${one[1]}, ${two[1]}].join()`)).toBe('1,2')
      }),
      { numRuns: 60 },
    )
  })
})

describe('renaming', () => {
  const names: NotebookNames = { kinds: new Map(), renamed: new Set(['URL']), globals: new Set(['URL']) }
  const compiled = async (source: string) => (await compileCell(source, names, 'cell-1')).code

  test.for([
    ['URL', '__nb$URL'],
    ['a.URL', 'a.URL'],
    ['a[URL]', 'a[__nb$URL]'],
    ['({ URL })', '({ URL: __nb$URL })'],
    ['({ URL: 1 })', '({ URL: 1 })'],
    ['({ [URL]: 1, URL() {} })', '({ [__nb$URL]: 1, URL() {} })'],
    ['(URL) => URL', '(URL) => URL'],
    ['(a = URL) => a', '(a = __nb$URL) => a'],
    ['function f() { return URL; var URL }', 'function f() { return URL; var URL }'],
    ['{ let URL = 1; URL }\nURL', '{ let URL = 1; URL }\n__nb$URL'],
    ['try {} catch (URL) { URL }', 'try {} catch (URL) { URL }'],
    ['for (const URL of []) URL', 'for (const URL of []) URL'],
    ['class A { URL = URL; m() { return this.URL } }', 'class A { URL = __nb$URL; m() { return this.URL } }'],
    ['(class URL { m() { return URL } })', '(class URL { m() { return URL } })'],
    ['URL: for (;;) break URL', 'URL: for (;;) break URL'],
    ['[URL] = [1]', '[__nb$URL] = [1]'],
    ['({ URL } = x)', '({ URL: __nb$URL } = x)'],
    ['({ URL = 3 } = x)', '({ URL: __nb$URL = 3 } = x)'],
    ['typeof URL', 'typeof __nb$URL'],
    ['URL`x`', '__nb$URL`x`'],
  ])('%s', async ([source, expected]) => {
    expect(await compiled(source!)).toBe(expected)
  })

  test('types are none of its business', async () => {
    expect((await compiled('const f = (u: URL): typeof URL => u as any')).includes('__nb$')).toBe(false)
  })
})

describe('positions', () => {
  test('every marked token is found at its line and column, whatever stands around it', async () => {
    const filler = fc.constantFrom(
      '',
      '// comment',
      'interface I { a: number }',
      'enum E { A, B }',
      'const text = `a\nb`',
      'type T = { a: string }\n',
      "import { one } from 'm'",
      'await  null',
      'export let 数 = "😀" as const',
      'let url: URL = new URL("x:y")',
    )
    const list = fc.uniqueArray(filler, { maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(list, fc.nat({ max: 9 }), fc.nat({ max: 6 }), async (lines, at, indent) => {
        const before = lines.slice(0, at)
        const after = lines.slice(at)
        const source = [...before, `${' '.repeat(indent)}mark("here")`, ...after].join('\n')
        const compiled = await compileCell(
          source,
          { kinds: new Map(), renamed: new Set(), globals: new Set() },
          'cell-1',
        )
        const offset = compiled.code.indexOf('mark(')
        const shown = compiled.code.slice(0, offset).split('\n')
        const place = mapPosition(compiled.maps, shown.length, shown.at(-1)!.length + 1)
        const expected = source.slice(0, source.indexOf('mark(')).split('\n')
        expect(place).toEqual({ line: expected.length, column: expected.at(-1)!.length + 1 })
      }),
    )
  })

  test.for([
    ['let a = ;', 1, 9],
    ['const ok = 1\nconst x: number = @', 2, 20],
    ['let a = 1\nlet b = 2\nlet a = 3', 3, 5],
    ['enum E {}\nfunction f() {\n  let z = 1\n  let z: number = 2\n}', 4, 7],
    ["import { a } from 'm'\nimport { a } from 'n'", 2, 10],
  ] as const)('syntax error in %j', async ([source, line, column]) => {
    const names = { kinds: new Map(), renamed: new Set<string>(), globals: new Set<string>() }
    await expect(compileCell(source, names, 'cell-1')).rejects.toMatchObject({
      code: 'E_CELL_SYNTAX',
      where: { line, column },
    })
  })
})

test.for([
  ["const a = one\nimport { one } from 'm'\n;(2)", 2],
  ['let b = 1\nexport default [b]', 'array'],
  ['let c = 1\nexport {}\n;[c, 2].length', 2],
  ["let d = 1\nimport type { T } from 'm'\n;[d, 2].length", 2],
] as const)('statements stay apart in %j', async ([source, expected]) => {
  const value = await notebook.run(source)
  expect(expected === 'array' ? Array.isArray(value) : value).toBe(expected === 'array' ? true : expected)
})

test('plain JavaScript is left as it is', async () => {
  const source = 'function f(a) { return a?.b }\nf(1)'
  const { code, maps } = await compileCell(
    source,
    { kinds: new Map(), renamed: new Set(), globals: new Set() },
    'cell-1',
  )
  expect(code).toBe(source)
  expect(maps).toEqual([])
})
