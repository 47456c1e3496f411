import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DocumentSchema, sameSources, toCells, toSaved } from './document'

const parse = (notebook: unknown, cells: unknown = {}) => DocumentSchema.parse({ notebook, seq: 0, hash: 'h', cells })
let made = 0
const newId = () => `new-${++made}`

describe('toCells', () => {
  it('reads sources and texts that are lists of lines', () => {
    const [cell] = toCells(
      parse({
        cells: [
          {
            id: 'a',
            cell_type: 'code',
            source: ['let x = 1\n', 'x'],
            metadata: { tags: ['parameters'] },
            execution_count: 2,
            outputs: [
              { output_type: 'stream', name: 'stdout', text: ['one\n', 'two'] },
              { output_type: 'execute_result', data: { 'text/plain': '1' }, metadata: {}, execution_count: 2 },
              { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'], mayfly: { line: 3 } },
            ],
          },
        ],
      }),
      newId,
    )
    expect(cell).toMatchObject({
      id: 'a',
      source: 'let x = 1\nx',
      metadata: { tags: ['parameters'] },
      executionCount: 2,
      state: 'idle',
      outputs: [
        { output_type: 'stream', text: 'one\ntwo' },
        { output_type: 'execute_result', data: { 'text/plain': '1' } },
        { output_type: 'error', mayfly: { line: 3 } },
      ],
    })
  })

  it.each([
    [{ state: 'running', startedAt: 5 }, 'running'],
    [{ state: 'queued' }, 'queued'],
    [{ state: 'idle', status: 'ok', startedAt: 5, finishedAt: 9 }, 'done'],
    [{ state: 'idle', status: 'error' }, 'error'],
    [{ state: 'idle', status: 'aborted' }, 'aborted'],
    [{ state: 'idle' }, 'idle'],
    [undefined, 'idle'],
  ])('takes the state from the runner: %j is %s', (status, state) => {
    const document = parse(
      { cells: [{ id: 'a', cell_type: 'code', source: '', metadata: {} }] },
      status ? { a: status } : {},
    )
    expect(toCells(document, newId)[0]!.state).toBe(state)
  })

  it('gives an id to cells that have none, or one that is taken', () => {
    const cell = { cell_type: 'markdown', source: '', metadata: {} }
    const ids = toCells(parse({ cells: [cell, { ...cell, id: 'a' }, { ...cell, id: 'a' }] }), newId).map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
    expect(ids[1]).toBe('a')
  })

  it('leaves out outputs it does not know and refuses what is no notebook', () => {
    const cell = { id: 'a', cell_type: 'code', source: '', metadata: {}, outputs: [{ output_type: 'odd' }] }
    expect(toCells(parse({ cells: [cell] }), newId)[0]!.outputs).toEqual([])
    expect(DocumentSchema.safeParse({ notebook: { cells: 3 }, seq: 0, hash: '' }).success).toBe(false)
  })
})

// The key __proto__ is dropped on purpose: nothing from a file may reach a prototype.
const key = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__')
const anyCell = fc.record({
  id: fc.uuid(),
  cell_type: fc.constantFrom('code', 'markdown', 'raw'),
  source: fc.string(),
  metadata: fc.dictionary(key, fc.oneof(fc.string(), fc.integer())),
})

describe('toSaved', () => {
  it('gives back what was read, for any cells', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyCell, { selector: ({ id }) => id }), (cells) => {
        const saved = toSaved(toCells(parse({ cells }), newId))
        expect(saved).toEqual(cells)
        expect(sameSources(saved, cells as typeof saved)).toBe(true)
      }),
    )
  })

  it('tells other text, order and length apart', () => {
    const a = { id: 'a', cell_type: 'code' as const, source: '1', metadata: {} }
    const b = { ...a, id: 'b' }
    expect(sameSources([a, b], [b, a])).toBe(false)
    expect(sameSources([a], [a, b])).toBe(false)
    expect(sameSources([a], [{ ...a, source: '2' }])).toBe(false)
  })
})
