import { describe, expect, it } from 'vitest'
import { MayflyError } from './errors.js'
import { editDistance, nearest } from './nearest.js'
import { checkExecutorOptions, checkJobOptions, resolveSettings } from './options.js'

function errorOf(run: () => unknown): MayflyError {
  try {
    run()
  } catch (error) {
    if (error instanceof MayflyError) return error
  }
  throw new Error('no MayflyError was thrown')
}

describe('options', () => {
  it.each([
    ['runtimeMemroy', 'runtimeMemory'],
    ['runtime_memory', 'runtimeMemory'],
    ['max_workers', 'workers'],
    ['timout', 'timeout'],
  ])('names the nearest key of %s', (wrong, right) => {
    const error = errorOf(() => checkExecutorOptions({ [wrong]: 1 }))
    expect(error.code).toBe('E_CONFIG_UNKNOWN_KEY')
    expect(error.message).toContain(wrong)
    expect(error.hint).toContain(right)
  })

  it('finds a misspelt key inside retry', () => {
    const error = errorOf(() => checkJobOptions({ retry: { atempts: 2 } }, 'map'))
    expect(error).toMatchObject({ code: 'E_CONFIG_UNKNOWN_KEY', hint: "Did you mean 'attempts'?" })
  })

  it('lists the keys when none is near', () => {
    expect(errorOf(() => checkExecutorOptions({ zzzzzzzz: 1 })).hint).toContain('workers')
  })

  it.each([
    { workers: 0 },
    { workers: 1.5 },
    { timeout: -1 },
    { runtimeMemory: '1 GB' },
    { backend: 5 },
    { retry: { on: ['cancelled'] } },
  ])('refuses %o', (options) => {
    const error = errorOf(() => checkExecutorOptions(options))
    expect(error.code).toBe('E_CONFIG_VALUE')
    expect(error.message).toContain(Object.keys(options)[0]!)
  })

  it('has defaults', () => {
    expect(checkExecutorOptions(undefined).workers).toBeGreaterThan(0)
    expect(resolveSettings({}, {})).toEqual({
      ...{ attempts: 3, on: ['lost'], retrySet: false, backoff: 0, onFailure: 'collect', extraEnv: {} },
    })
  })

  it("lets a job's settings win over its executor's", () => {
    const executor = { retries: 5, timeout: 9, extraEnv: { A: '1', B: true } }
    expect(resolveSettings(executor, { retry: { attempts: 2 }, extraEnv: { A: 3 } })).toEqual({
      timeout: 9,
      attempts: 2,
      backoff: 0,
      onFailure: 'collect',
      on: ['lost'],
      retrySet: false,
      extraEnv: { A: '3', B: 'true' },
    })
    expect(resolveSettings(executor, {})).toMatchObject({
      attempts: 6,
      on: ['error', 'timeout', 'oom', 'lost'],
      retrySet: true,
    })
  })
})

describe('nearest', () => {
  it('counts edits', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('', 'abc')).toBe(3)
  })

  it('says nothing rather than something far', () => {
    expect(nearest('qqqqqq', ['alpha', 'beta'])).toBeUndefined()
  })
})
