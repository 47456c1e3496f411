import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinPath, movedPath, normalizePath, parentPath, splitExtension } from './paths.js'

const part = fc.string({ unit: fc.constantFrom(...'ab. /\\:\0C~%'), maxLength: 6 })
const path = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/'))

test('a normalized path stays inside and is a fixed point', () => {
  fc.assert(
    fc.property(path, (given) => {
      let normal: string
      try {
        normal = normalizePath(given)
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_PATH_INVALID' })
        return
      }
      expect(normalizePath(normal)).toBe(normal)
      expect(normal).not.toMatch(/^\/|\/$|\/\/|\\|\0|^[a-z]:/i)
      for (const name of normal.split('/')) expect(['.', '..']).not.toContain(name)
      expect(new URL(`file:///root/${normal.split('/').map(encodeURIComponent).join('/')}`).pathname).toMatch(
        /^\/root\//,
      )
    }),
  )
})

test.each(['..', 'a/../b', './a', 'a\\b', 'C:/x', 'c:x', 'a\0'])('%j is refused', (given) => {
  expect(() => normalizePath(given)).toThrow(expect.objectContaining({ code: 'E_PATH_INVALID' }))
})

test('moving follows a file and what lies under a folder, nothing else', () => {
  expect(movedPath('a/b', 'a/b', 'c')).toBe('c')
  expect(movedPath('a/b/c', 'a', 'x/y')).toBe('x/y/b/c')
  expect(movedPath('ab/c', 'a', 'x')).toBeUndefined()
})

test('names', () => {
  expect(splitExtension('a.b.ipynb')).toEqual(['a.b', '.ipynb'])
  expect(splitExtension('.env')).toEqual(['.env', ''])
  expect(parentPath('a/b/c')).toBe('a/b')
  expect(parentPath('a')).toBe('')
  expect(joinPath('', 'a')).toBe('a')
})
