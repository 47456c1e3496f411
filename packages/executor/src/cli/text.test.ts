import { expect, it } from 'vitest'
import { bytes, decimal, duration, textList, textTable, usd } from './text.js'

it('aligns tables, numbers to the right', () => {
  const text = textTable(
    ['name', 'n'],
    [
      ['μ', 5],
      ['long name', 12_345],
    ],
  )
  expect(text.split('\n')).toEqual(['name           n', 'μ              5', 'long name  12345'])
})

it('aligns lists', () => {
  expect(
    textList([
      ['a', '1'],
      ['bcd', '2'],
    ]),
  ).toBe('  a    1\n  bcd  2')
})

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [3_400, '3.4 s'],
  [302_000, '5 min 02 s'],
  [12_000_000, '3 h 20 min'],
  [400_000_000, '4 d'],
])('says %d ms as %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1_234_567, '1.2 MB'],
  [99_600_000, '100 MB'],
  [999_600, '1.0 MB'],
])('says %d bytes as %s', (count, text) => {
  expect(bytes(count)).toBe(text)
})

it.each([
  [0, '$0'],
  [12.345, '$12.35'],
  [0.0333, '$0.033'],
  [0.0000002, '$0.0000002'],
  [0.00000023456, '$0.00000023'],
])('says %d dollars as %s', (amount, text) => {
  expect(usd(amount)).toBe(text)
})

it('writes small numbers out', () => {
  expect(decimal(2e-7)).toBe('0.0000002')
  expect(decimal(1.66667e-5)).toBe('0.0000166667')
  expect(decimal(12)).toBe('12')
})
