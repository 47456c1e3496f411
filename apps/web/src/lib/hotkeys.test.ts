import { describe, expect, it } from 'vitest'
import { chordOf, displayKeys, matchKeys } from './hotkeys'

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) =>
  chordOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held })

describe('chordOf', () => {
  it.each([
    [press('a'), 'a'],
    [press('A', { shiftKey: true }), 'shift+a'],
    [press('?', { shiftKey: true }), '?'],
    [press('Enter', { shiftKey: true }), 'shift+enter'],
    [press('Enter', { ctrlKey: true }), 'mod+enter'],
    [press('s', { metaKey: true }), 'mod+s'],
    [press('ArrowUp', { altKey: true }), 'alt+arrowup'],
    [press(' '), 'space'],
  ])('%s', (chord, expected) => expect(chord).toBe(expected))
})

describe('matchKeys', () => {
  const bindings = ['a', 'd d', 'i i', 'mod+s']
  it('completes a sequence, and only an unbroken one', () => {
    const first = matchKeys(bindings, '', 'd')
    expect(first).toEqual({ pending: 'd' })
    expect(matchKeys(bindings, first.pending, 'd')).toEqual({ binding: 'd d', pending: '' })
    expect(matchKeys(bindings, first.pending, 'a')).toEqual({ binding: 'a', pending: '' })
    expect(matchKeys(bindings, first.pending, 'i')).toEqual({ pending: 'i' })
    expect(matchKeys(bindings, first.pending, 'q')).toEqual({ pending: '' })
  })
})

describe('displayKeys', () => {
  it('shows the caps of the platform', () => {
    expect(displayKeys('mod+shift+enter', false)).toEqual(['Ctrl', '⇧', '↵'])
    expect(displayKeys('mod+s', true)).toEqual(['⌘', 'S'])
    expect(displayKeys('d d', false)).toEqual(['D', 'D'])
  })
})
