import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNotebook } from '../nbformat.js'
import { injectParameters, parseParameter, unknownParameters } from './parameters.js'

const code = (source: string, tags?: string[]) => ({
  cell_type: 'code',
  metadata: tags ? { tags } : {},
  source,
  outputs: [],
  execution_count: null,
})
const notebook = (...cells: object[]) =>
  parseNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 2, metadata: {}, cells }), 'n.ipynb')

describe('parameters', () => {
  test('any JSON value survives the command line', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseParameter(`p=${JSON.stringify(value)}`)).toEqual(['p', JSON.parse(JSON.stringify(value))])
      }),
    )
  })

  test('text stays text, equal signs and all', () => {
    expect(parseParameter('url=http://a/?b=c')).toEqual(['url', 'http://a/?b=c'])
    expect(() => parseParameter('1a=2')).toThrow(expect.objectContaining({ code: 'E_PARAMETER' }))
  })

  test('stand after the tagged cell, else on top; a second run replaces the first', () => {
    const values = new Map<string, unknown>([['alpha', 0.5]])
    const tagged = injectParameters(notebook(code('0'), code('const alpha = 1', ['parameters']), code('2')), values)
    expect(tagged.cells.map(({ source }) => source)).toEqual(['0', 'const alpha = 1', 'const alpha = 0.5', '2'])
    const again = injectParameters(tagged, new Map([['alpha', 2]]))
    expect(again.cells.map(({ source }) => source)).toEqual(['0', 'const alpha = 1', 'const alpha = 2', '2'])
    expect(injectParameters(notebook(code('0')), values).cells.map(({ source }) => source)[0]).toBe('const alpha = 0.5')
  })

  test('that the tagged cell does not know are told, with the nearest it has', () => {
    const tagged = notebook(code('let size = 20 // MB\nlet { mode } = { mode: 1 }', ['parameters']))
    expect(unknownParameters(tagged, ['size', 'mode'])).toEqual([])
    expect(unknownParameters(tagged, ['siez', 'reference'])).toEqual([
      'W_PARAMETER_UNKNOWN: the notebook has no parameter siez; did you mean size?',
      'W_PARAMETER_UNKNOWN: the notebook has no parameter reference; it has size',
    ])
    expect(unknownParameters(notebook(code('0')), ['anything'])).toEqual([])
  })
})
