import { expect, it } from 'vitest'
import { formatAgo, formatBytes, formatCount, formatDuration, plural } from './format'

it.each([
  [0, '0.0 ms'],
  [9.94, '9.9 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min 00 s'],
  [187_000, '3 min 07 s'],
  [7_500_000, '2 h 05 min'],
  [Number.NaN, '–'],
  [-1, '–'],
])('a duration of %d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

it('tells how long ago', () => {
  const now = Date.UTC(2026, 5, 15, 12)
  expect(formatAgo(now - 20_000, now)).toBe('just now')
  expect(formatAgo(now - 300_000, now)).toBe('5 min ago')
  expect(formatAgo(now - 3 * 3_600_000, now)).toBe('3 h ago')
  expect(formatAgo(now - 30 * 3_600_000, now)).toBe('yesterday')
  expect(formatAgo(now - 30 * 86_400_000, now)).toBe('2026-05-16')
})

it('writes sizes and counts', () => {
  expect([512, 1536, 5 * 1024 ** 2, 200 * 1024 ** 3].map(formatBytes)).toEqual([
    '512 B',
    '1.5 KiB',
    '5.0 MiB',
    '200 GiB',
  ])
  expect(formatCount(1234567)).toBe('1\u202f234\u202f567')
  expect([plural(1, 'cell'), plural(0, 'cell')]).toEqual(['1 cell', '0 cells'])
})
