import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyse, type Form } from './analyse.js'
import { columnOf, project, spanToCell, toCell, toModule } from './projection.js'
import { applyChanges } from './text.js'

const declared = (source: string) => Object.fromEntries(analyse(source).declared)

describe('what a cell declares', () => {
  const cases: [string, Record<string, Form>][] = [
    ['const a = 1, { b, c: [d, ...e], ...f } = x', { a: 'const', b: 'const', d: 'const', e: 'const', f: 'const' }],
    ['let a; var b; for (var i of []) { var j } if (1) { let no }', { a: 'let', b: 'var', i: 'var', j: 'var' }],
    ['function f() { var no } async function* g() {} class C {}', { f: 'function', g: 'function', C: 'class' }],
    ['enum E { A } const enum F { B } interface I {} type T = 1', { E: 'enum', F: 'enum', I: 'type', T: 'type' }],
    ['namespace N.M { export const x = 1 } namespace O { type X = 1 }', { N: 'namespace', O: 'type' }],
    [
      'import d, { a as b } from "x"; import * as n from "y"; import type { T } from "z"',
      { d: 'import', b: 'import', n: 'import', T: 'import' },
    ],
    ['export const a = 1; export default function f() {} export default 3', { a: 'const', f: 'function' }],
    ['declare const a: number; declare function f(): void; declare global { var g: 1 }', { a: 'const', f: 'function' }],
    ['using a = x; await using b = y; label: for (;;) break label; a.b = 1', { a: 'const', b: 'const' }],
    ['import fs = require("fs"); f(); ({ g }); [h]', { fs: 'import' }],
  ]
  it.each(cases)('%s', (source, names) => expect(declared(source)).toEqual(names))

  it('a name that is a type and a variable is known as both', () => {
    const names = analyse('type Color = 1; let Color = 2')
    expect([...names.declared]).toEqual([['Color', 'let']])
    expect(names.merged.has('Color')).toBe(true)
  })

  it('is remembered while the cell does not parse', () => {
    const before = analyse('const { a, b } = f()\nlet c = 1')
    const now = analyse('const { a, b } = f()\nlet c = 1\nlet d = {', before)
    expect(now.parsed).toBe(false)
    expect([...now.declared.keys()].sort()).toEqual(['a', 'b', 'c', 'd'])
    expect([...analyse('let x = [', before).declared.keys()]).toEqual(['x'])
  })
})

describe('the line in front', () => {
  const preludes = (...sources: string[]) =>
    project(sources.map((source, i) => ({ file: `${i}.ts`, names: analyse(source) }))).map(({ text }) => text)

  it('imports the newest earlier declaration of what is mentioned, variables so that they can be assigned', () => {
    expect(preludes('const a = 1; let b = 2', 'const a = 3', 'a + b', 'c')).toEqual([
      'export { a, b };',
      'export { a };',
      'export {  }; import { a } from "./1.ts"; declare let b: typeof import("./0.ts").b;',
      'export {  };',
    ])
  })

  it('leaves out what the cell declares or exports itself, and names of later cells', () => {
    expect(preludes('export const a = later', 'const a = 1; a', 'const later = 1')).toEqual([
      'export {  };',
      'export { a };',
      'export { later };',
    ])
  })
})

const NAMES = ['a', 'b', '$c', 'δ', 'Total']
const statement = fc.oneof(
  fc.constantFrom(...NAMES).map((name) => `let ${name} = 1`),
  fc.constantFrom(...NAMES).map((name) => `const ${name} = () => { ${NAMES[0]} }`),
  fc.constantFrom(...NAMES).map((name) => `${name}`),
  fc.constantFrom(...NAMES).map((name) => `class ${name} {`),
  fc.constantFrom(
    '',
    '// a',
    '`multi\nline $' + '{b}`',
    '}',
    '"unclosed',
    'export {',
    '/* open',
    'import { a as b } from "./x"',
    '😀 = 1',
  ),
)
const cell = fc.array(statement, { maxLength: 5 }).map((lines) => lines.join('\n'))

it('property: the projection of any cells is one line, knows every place in it, and points backwards only', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 8 }), (sources) => {
      const cells = sources.map((source, i) => ({ file: `${i}.ts`, names: analyse(source) }))
      for (const [i, prelude] of project(cells).entries()) {
        expect(prelude.text).not.toContain('\n')
        for (const { name, local, origin } of prelude.links) {
          expect(prelude.text.slice(local, local + name.length)).toBe(name)
          expect(prelude.text.slice(origin, origin + name.length)).toBe(name)
        }
        for (const [name, { file }] of prelude.imports) {
          expect(Number.parseInt(file, 10)).toBeLessThan(i)
          const column = columnOf(prelude, name)
          expect(prelude.text.slice(column, column + name.length)).toBe(name)
        }
      }
    }),
    { numRuns: 300 },
  )
})

it('property: places map to the module and back, and nothing of the line in front is in the cell', () => {
  const place = fc.record({ line: fc.nat(10_000), character: fc.nat(500) })
  fc.assert(
    fc.property(place, place, (start, end) => {
      expect(toCell(toModule(start))).toEqual(start)
      expect(spanToCell({ start: toModule(start), end: toModule(end) })).toEqual({ start, end })
      expect(spanToCell({ start: { line: 0, character: start.character }, end: toModule(end) })).toBeUndefined()
    }),
  )
})

it('property: edits applied one after the other give the text they describe', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), fc.nat(), (text, inserted, a, b) => {
      const offset = a % (text.length + 1)
      const length = b % (text.length - offset + 1)
      const result = applyChanges(text, [{ offset, length, text: inserted }])
      expect(result).toBe(text.slice(0, offset) + inserted + text.slice(offset + length))
    }),
  )
  expect(() => applyChanges('ab', [{ offset: 2, length: 1, text: '' }])).toThrow('outside')
})
