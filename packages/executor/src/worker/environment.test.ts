import { afterEach, expect, it } from 'vitest'
import { Environment } from './environment.js'

const own = Object.getOwnPropertyDescriptor(process, 'env')!
afterEach(() => {
  Object.defineProperty(process, 'env', own)
  delete process.env.MAYFLY_A
})

it('gives each call the variables of its job and no others', () => {
  const environment = new Environment()
  environment.watch()
  const [first, second] = [{ MAYFLY_A: '1', MAYFLY_B: '2' }, { MAYFLY_A: '3' }]
  environment.enter(first)
  expect([process.env.MAYFLY_A, process.env.MAYFLY_B]).toEqual(['1', '2'])
  environment.enter(second)
  expect([process.env.MAYFLY_A, process.env.MAYFLY_B]).toEqual(['3', undefined])
})

it('undoes what a call sets, changes, deletes and replaces, also through a name kept from before', () => {
  const environment = new Environment()
  environment.watch()
  const extra = { MAYFLY_A: '1' }
  const path = process.env.PATH
  environment.enter(extra)
  const kept = process.env
  for (let call = 0; call < 3; call++) {
    expect({ a: process.env.MAYFLY_A, path: process.env.PATH, c: process.env.MAYFLY_C }).toEqual({ a: '1', path })
    kept.MAYFLY_A = 'changed'
    kept.MAYFLY_C = 'new'
    delete kept.PATH
    process.env = { MAYFLY_A: 'another object' }
    environment.enter(extra)
  }
})
