import { describe, expect, it } from 'vitest'
import { FRAME_POLICY, isAllowedOrigin, isLoopbackHost, pagePolicy, proxiedHeaders } from './server-rules.mjs'

describe('who is let in', () => {
  it.each(['localhost', 'localhost:4200', '127.0.0.1:1', '[::1]:4200', 'LOCALHOST:80'])('host %s', (host) =>
    expect(isLoopbackHost(host)).toBe(true),
  )
  it.each(['evil.org', 'localhost.evil.org', '127.0.0.1.evil.org:80', '127.0.0.2', 'localhost:4200/x', '', undefined])(
    'not host %s',
    (host) => expect(isLoopbackHost(host)).toBe(false),
  )
  it('only listed origins, and clients that are no browsers', () => {
    const allowed = ['http://localhost:4200']
    expect(isAllowedOrigin('http://localhost:4200', allowed)).toBe(true)
    expect(isAllowedOrigin(undefined, allowed)).toBe(true)
    for (const origin of ['null', 'http://localhost:4201', 'https://localhost:4200', '']) {
      expect(isAllowedOrigin(origin, allowed)).toBe(false)
    }
  })
})

describe('policies', () => {
  it('let only scripts with the nonce run, and no eval outside development', () => {
    expect(pagePolicy('abc', false)).toContain("script-src 'self' 'nonce-abc';")
    expect(pagePolicy('abc', false)).not.toContain('unsafe-eval')
    expect(pagePolicy('abc', true)).toContain('unsafe-eval')
  })
  it('give HTML outputs an origin of their own and no network', () => {
    expect(FRAME_POLICY).toMatch(/^sandbox allow-scripts/)
    expect(FRAME_POLICY).not.toMatch(/allow-same-origin|connect-src|https?:/)
    expect(FRAME_POLICY).toContain("default-src 'none'")
  })
})

it('headers of one connection do not travel', () => {
  expect(
    proxiedHeaders({ connection: 'close', upgrade: 'websocket', 'transfer-encoding': 'chunked', accept: '*/*' }),
  ).toEqual({
    accept: '*/*',
  })
})
