import { expect, test } from 'vitest'
import { tableExp } from './exp-table.js'

test('falls short of the exponential function by the third term of each step, and is cut at -18', () => {
  for (let i = 0; i <= 20_000; i++) {
    const x = -18 * (i / 20_000)
    const rest = (x + 18) % 4e-3
    const short = 1 - tableExp(x) / Math.exp(x)
    expect(Math.abs(short)).toBeLessThan(1.1e-8)
    // Near a border rounding decides which step it is.
    if (rest > 1e-9 && rest < 4e-3 - 1e-9) expect(short).toBeCloseTo(rest ** 3 / 6 - rest ** 4 / 8, 11)
  }
  expect(tableExp(-18.000001)).toBe(0)
  expect(tableExp(0)).toBeCloseTo(1, 11)
})
