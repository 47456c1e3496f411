import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blankNotebook, fingerprint, formatNotebook, type Notebook, parseNotebook, toNotebook } from './nbformat.js'

const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r\n', 'ü', '"', '\u2028'), maxLength: 12 })
const record = fc.dictionary(fc.constantFrom('tags', 'a', 'b'), fc.constantFrom<unknown>(1, 'x', ['y'], { z: null }))
const data = fc.record(
  {
    'text/plain': text,
    'image/png': fc.constant('iVBORw0KGgo='),
    'application/json': fc.constant<unknown>(['a', 'b']),
  },
  { requiredKeys: ['text/plain'] },
)
const output = fc.oneof(
  fc.record({ output_type: fc.constant('stream'), name: fc.constantFrom('stdout', 'stderr'), text }),
  fc.record({ output_type: fc.constant('display_data'), data, metadata: record }),
  fc.record({ output_type: fc.constant('execute_result'), data, metadata: record, execution_count: fc.nat() }),
  fc.record({ output_type: fc.constant('error'), ename: text, evalue: text, traceback: fc.array(text) }),
)
const code = fc.record({
  cell_type: fc.constant('code'),
  source: text,
  metadata: record,
  outputs: fc.array(output, { maxLength: 3 }),
  execution_count: fc.option(fc.nat()),
})
const prose = fc.record({ cell_type: fc.constantFrom('markdown', 'raw'), source: text, metadata: record })
const notebook: fc.Arbitrary<Notebook> = fc
  .record({ metadata: record, cells: fc.array(fc.oneof(code, prose), { maxLength: 5 }) })
  .map(({ metadata, cells }) => ({
    nbformat: 4 as const,
    nbformat_minor: 5,
    metadata,
    cells: cells.map((cell, i) => ({ ...cell, id: `cell-${i}` })) as Notebook['cells'],
  }))

test('a notebook comes back from its file as it was', () => {
  fc.assert(
    fc.property(notebook, (given) => {
      expect(parseNotebook(formatNotebook(given), 'a.ipynb')).toEqual(given)
    }),
  )
})

test('the file is stable: formatting what was parsed changes nothing', () => {
  fc.assert(
    fc.property(notebook, (given) => {
      const file = formatNotebook(given)
      expect(formatNotebook(parseNotebook(file, 'a.ipynb'))).toBe(file)
    }),
  )
})

test('the file has the layout of Jupyter, and its fingerprint is that of the notebook', () => {
  fc.assert(
    fc.property(notebook, (given) => {
      const file = formatNotebook(given)
      expect(file).toBe(`${JSON.stringify(JSON.parse(file), null, 1)}\n`)
      expect(fingerprint(parseNotebook(file, ''))).toBe(fingerprint(given))
    }),
  )
})

test('every difference changes the fingerprint', () => {
  fc.assert(
    fc.property(notebook, notebook, (one, two) => {
      expect(fingerprint(one) === fingerprint(two)).toBe(formatNotebook(one) === formatNotebook(two))
    }),
  )
})

describe('ids', () => {
  const without = { nbformat: 4, nbformat_minor: 4, metadata: {}, cells: ['a', 'a', 'b'].map(cell) }
  function cell(source: string) {
    return { cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null }
  }

  test('a file without ids gets the same unique ones whenever it is read', () => {
    const [first, second] = [toNotebook(without, ''), toNotebook(without, '')]
    expect(second).toEqual(first)
    expect(new Set(first.cells.map(({ id }) => id)).size).toBe(3)
    expect(first.nbformat_minor).toBe(5)
  })

  test('double and invalid ids are replaced, others kept', () => {
    const cells = ['x', 'x', 'not valid!'].map((id) => ({ ...cell('1'), id }))
    const ids = toNotebook({ ...without, cells }, '').cells.map(({ id }) => id)
    expect(ids[0]).toBe('x')
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[\w-]+$/)
  })
})

test('what files must not have is left out', () => {
  const transient = { transient: { display_id: '1' }, output_type: 'display_data' as const, data: {}, metadata: {} }
  const failed = { output_type: 'error' as const, ename: 'E', evalue: '', traceback: [], mayfly: { line: 1 } }
  const book = blankNotebook()
  book.cells[0]!.outputs = [transient, failed]
  const file = formatNotebook(book)
  expect(file).not.toContain('transient')
  expect(file).not.toContain('mayfly":')
})

test('an empty file is an empty notebook', () => {
  expect(parseNotebook('', 'a.ipynb').cells).toEqual([])
})

test.each(['{', '[]', '{"nbformat":3,"worksheets":[]}', '{"nbformat":4,"cells":[{"cell_type":"x"}]}'])(
  '%s is refused by name',
  (content) => {
    expect(() => parseNotebook(content, 'a.ipynb')).toThrow(
      expect.objectContaining({ code: 'E_NOTEBOOK_INVALID', message: expect.stringContaining('a.ipynb') }),
    )
  },
)
