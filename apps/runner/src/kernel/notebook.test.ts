import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { injectParameters, parseNotebook, parseParameter, serializeNotebook, sourceOf } from './notebook.js'

const code = (source: string, tags?: string[]) => ({
  cell_type: 'code',
  metadata: tags ? { tags } : {},
  source,
  outputs: [],
  execution_count: null,
})
const notebook = (...cells: object[]) =>
  parseNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 2, metadata: {}, cells }), 'n.ipynb')

describe('notebooks', () => {
  test('ids are given where they are missing, and nothing is lost', () => {
    const read = parseNotebook(
      JSON.stringify({
        metadata: { own: 1 },
        nbformat: 4,
        nbformat_minor: 4,
        more: true,
        cells: [{ ...code('1'), extra: [2] }],
      }),
      'n.ipynb',
    )
    expect(read).toMatchObject({
      nbformat_minor: 5,
      metadata: { own: 1 },
      more: true,
      cells: [{ id: 'cell-1', extra: [2] }],
    })
    expect(parseNotebook(serializeNotebook(read), 'n.ipynb')).toEqual(read)
  })

  test.for([
    ['{', 'it is not JSON'],
    ['{}', 'nbformat'],
    ['{"nbformat":3,"nbformat_minor":0,"metadata":{},"cells":[]}', 'nbformat'],
    ['{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"code"}]}', 'cells.0.source'],
  ])('%s is refused with the place', ([text, place]) => {
    expect(() => parseNotebook(text!, 'n.ipynb')).toThrow(
      expect.objectContaining({ code: 'E_NOTEBOOK_FORMAT', message: expect.stringContaining(place!) }),
    )
  })
})

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
    expect(tagged.cells.map(sourceOf)).toEqual(['0', 'const alpha = 1', 'const alpha = 0.5', '2'])
    const again = injectParameters(tagged, new Map([['alpha', 2]]))
    expect(again.cells.map(sourceOf)).toEqual(['0', 'const alpha = 1', 'const alpha = 2', '2'])
    expect(injectParameters(notebook(code('0')), values).cells.map(sourceOf)[0]).toBe('const alpha = 0.5')
  })
})
