import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { capture } from './capture.js'
import { makerOf } from './maker.js'
import { decodeMappings } from './source-map.js'
import { originalPosition, remapStack } from './sources.js'

const sources = [
  { line: 3, column: 9, lines: 3, url: 'cell-2.ts', originalLine: 10, originalColumn: 5 },
  { line: 8, column: 1, lines: 1, url: 'cell-4.ts', originalLine: 1, originalColumn: 1 },
]

describe('positions', () => {
  it('maps lines of a span, the first with its column', () => {
    expect(originalPosition(sources, 3, 12)).toEqual({ url: 'cell-2.ts', line: 10, column: 8 })
    expect(originalPosition(sources, 4, 7)).toEqual({ url: 'cell-2.ts', line: 11, column: 7 })
  })

  it('knows nothing outside', () => {
    expect(originalPosition(sources, 2, 1)).toBeUndefined()
    expect(originalPosition(sources, 6, 1)).toBeUndefined()
    expect(originalPosition(sources, 9, 1)).toBeUndefined()
  })

  it('rewrites the frames of the shipped file only', () => {
    const stack =
      'Error: x\n    at f (file:///s/ab.mjs:4:7)\n    at g (/s/ab.mjs:8:3)\n    at h (/s/ab.mjs:99:1)\n    at i (/o.js:4:7)'
    expect(remapStack(stack, '/s/ab.mjs', sources)).toBe(
      'Error: x\n    at f (cell-2.ts:11:7)\n    at g (cell-4.ts:1:3)\n    at h (/s/ab.mjs:99:1)\n    at i (/o.js:4:7)',
    )
  })

  it('come from the function’s own lines', async () => {
    const shipment = await bundle(
      capture((x: number) => {
        if (x > 1) throw new Error('here')
        return x
      }),
    )
    const line = shipment.code.split('\n').findIndex((text) => text.includes("'here'") || text.includes('"here"')) + 1
    const found = originalPosition(shipment.sources, line, 5)
    expect(found?.url).toContain('sources.test.ts')
    expect(found!.line - shipment.sources[0]!.originalLine).toBe(line - shipment.sources[0]!.line)
  })
})

describe('source maps', () => {
  it('are read as the bundler writes them', async () => {
    const contents = 'const one = 1\n\n\nconsole.log(\n  one,\n  "two"\n)\n'
    const options = { stdin: { contents, sourcefile: 'in.js' }, sourcemap: 'external', write: false } as const
    const result = await build({ ...options, outfile: 'out.js' })
    const [map, code] = result.outputFiles.map((file) => file.text)
    const before = contents.split('\n')
    const after = code!.split('\n')
    const mappings = decodeMappings(JSON.parse(map!).mappings)
    const word = (line: string | undefined, column: number) => /^["\w]+/.exec(line!.slice(column))?.[0]
    expect(mappings.length).toBeGreaterThan(4)
    for (const at of mappings) {
      const generated = word(after[at.line], at.column)
      if (generated) expect(word(before[at.originalLine], at.originalColumn)).toBe(generated)
    }
  })
})

describe('whose this an arrow sees', () => {
  const at = (source: string) => {
    const offset = source.indexOf('() =>')
    const before = source.slice(0, offset).split('\n')
    return makerOf(source, before.length - 1, before[before.length - 1]!.length)
  }
  it.each([
    ['let f = () => this', 'top'],
    ['await 1\nlet g = [{ f: () => this }]', 'top'],
    ['function o() { return () => this }', { kind: 'function' }],
    ['class A {\n  f = () => this }', { kind: 'instance', text: 'class A {\n  f = () => this }' }],
    ['class A { static f = () => this }', { kind: 'static' }],
    ['class A { static { x = () => this } }', { kind: 'static' }],
    [
      'class A { constructor() { this.f = () => this } }',
      { kind: 'instance', text: 'class A { constructor() { this.f = () => this } }' },
    ],
    ['class A { m() { return () => this } }', { kind: 'function' }],
    ['class A { constructor() { function g() { () => this } } }', { kind: 'function' }],
  ])('%s', (source, maker) => {
    expect(at(source)).toEqual(maker)
  })
})
