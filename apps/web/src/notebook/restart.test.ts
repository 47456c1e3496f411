import { expect, it } from 'vitest'
import { newCell } from './document'
import { holdsVariables } from './restart'

it('a restart loses something only when a cell has run in the kernel that lives', () => {
  const cell = newCell('code')
  const state = (startedAt: number | undefined, kernelLostAt: number, kernel: 'idle' | 'dead' = 'idle') =>
    holdsVariables({ kernel, kernelLostAt, cells: { a: { ...cell, startedAt } } })
  expect(state(undefined, 0)).toBe(false)
  expect(state(5, 0)).toBe(true)
  expect(state(5, 9)).toBe(false)
  expect(state(5, 0, 'dead')).toBe(false)
})
