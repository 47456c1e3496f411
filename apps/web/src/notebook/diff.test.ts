import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiffCell, diffCells, diffLines } from './diff'
import { newCell } from './document'
import { outlineOf } from './outline'

const text = (before: string, after: string) => diffLines(before, after).map(({ mark, text }) => mark + text)

describe('lines', () => {
  it('keeps what is common', () => {
    expect(text('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c'])
    expect(text('a', 'a')).toEqual([' a'])
    expect(text('a\nb', 'b\na')).toEqual(['-a', ' b', '+a'])
  })

  it('leads from the one text to the other', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((all) => all.join('\n'))
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after)
        const side = (other: string) =>
          diff
            .filter(({ mark }) => mark !== other)
            .map((line) => line.text)
            .join('\n')
        expect(side('+')).toBe(before)
        expect(side('-')).toBe(after)
      }),
    )
  })
})

describe('cells', () => {
  const cell = (id: string, source = id, kind = 'code'): DiffCell => ({ id, kind, source })
  const changes = (before: DiffCell[], after: DiffCell[]) =>
    diffCells(before, after).map(({ id, change }) => `${id} ${change}`)

  it('tells what came, went, changed and moved', () => {
    const before = [cell('a'), cell('b'), cell('c'), cell('d')]
    expect(changes(before, before)).toEqual(['a same', 'b same', 'c same', 'd same'])
    expect(changes(before, [cell('a'), cell('c', 'new'), cell('e'), cell('d')])).toEqual([
      'a same',
      'b removed',
      'c changed',
      'e added',
      'd same',
    ])
    expect(changes(before, [cell('d'), cell('a'), cell('b'), cell('c')])).toEqual([
      'd moved',
      'a same',
      'b same',
      'c same',
    ])
    expect(changes([cell('a')], [cell('a', 'a', 'markdown')])).toEqual(['a changed'])
    expect(changes([cell('x'), cell('a')], [cell('a')])).toEqual(['x removed', 'a same'])
  })

  it('shows every cell of both states once', () => {
    const cells = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')).map((ids) => ids.map((id) => cell(id)))
    fc.assert(
      fc.property(cells, cells, (before, after) => {
        const shown = diffCells(before, after).map(({ id }) => id)
        expect([...shown].sort()).toEqual([...new Set([...before, ...after].map(({ id }) => id))].sort())
      }),
    )
  })
})

it('finds the headings of text cells only', () => {
  const cells = {
    a: newCell('markdown', 'a', '# One *two*\ntext\n```\n# code\n```\n### Three [x](y) ##'),
    b: newCell('code', 'b', '# no'),
    c: newCell('markdown', 'c', '#none\n## `c`'),
  }
  expect(outlineOf(['a', 'b', 'c'], cells).map(({ level, text, index }) => [level, text, index])).toEqual([
    [1, 'One two', 0],
    [3, 'Three x', 0],
    [2, 'c', 2],
  ])
})
