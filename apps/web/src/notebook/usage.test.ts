import { describe, expect, it } from 'vitest'
import { memoryShare } from './usage'

describe('memoryShare', () => {
  const usage = { pid: 1, rss: 4e9, ownRss: 2e8, rssLimit: 1e9, heapUsed: 1e8, heapLimit: 1e9, cpu: 0 }

  it('is of the limit that is nearest; workers do not count', () => {
    expect(memoryShare(usage, undefined)).toBe(0.2)
    expect(memoryShare({ ...usage, heapUsed: 5e8 }, undefined)).toBe(0.5)
  })

  it('is unknown without a limit, and at most all of it', () => {
    expect(memoryShare({ ...usage, rssLimit: null, heapLimit: null }, undefined)).toBeUndefined()
    expect(memoryShare({ ...usage, ownRss: null }, undefined)).toBe(1)
  })
})
