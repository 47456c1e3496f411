import { expect, it } from 'vitest'
import { Window } from './window.js'

/** Fills the window; a platform with `capacity` places refuses the rest. Gives how many it has taken. */
function burst(window: Window, at: number, capacity: number): number {
  while (window.free(at)) window.begin()
  const refused = window.busy - capacity
  for (let i = 0; i < refused; i++) window.refused(at)
  for (let i = 0; i < refused; i++) window.end(true)
  return window.busy
}

it('closes to what the platform has taken, not further', () => {
  const window = new Window({ size: 1000 })
  expect(burst(window, 0, 900)).toBe(900)
  for (let i = 0; i < 400; i++) window.end(false)
  // The next round is as large as the platform, but for the places that are tried beyond it.
  expect(burst(window, 100, 900)).toBeGreaterThan(890)
})

it('closes by a half at a time when all are refused, and opens again with what goes through', () => {
  const window = new Window({ size: 64 })
  burst(window, 0, 0)
  let at = 1_000
  let count = 0
  for (; window.free(at); count++) window.begin()
  expect(count).toBe(32)
  for (let round = 0; round < 3; round++) {
    const busy = window.busy
    for (let i = 0; i < busy; i++) window.end(false)
    at += 1000
    while (window.free(at)) window.begin()
  }
  expect(window.busy).toBeGreaterThan(57)
})

it('is tried a little wider by itself, seldom where that is refused', () => {
  const window = new Window({ size: 1000 })
  burst(window, 0, 500)
  const refusals: number[] = []
  for (let at = 0; at < 300_000; at = window.wakeAt(at + 1)!) {
    const before = window.busy
    burst(window, at, 500)
    if (before === 500) refusals.push(at)
  }
  expect(refusals.length).toBeLessThan(20)
  // More room is found without any batch ending.
  let at = 300_000
  for (let tries = 0; window.busy < 1000 && tries < 40; tries++) {
    at = window.wakeAt(at + 1)!
    burst(window, at, 1000)
  }
  expect(window.busy).toBe(1000)
})

it('asks for no attention as long as nothing was refused', () => {
  const window = new Window({ size: 2 })
  window.begin()
  window.begin()
  expect(window.wakeAt(5)).toBeUndefined()
})
