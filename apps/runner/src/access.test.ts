import { describe, expect, test } from 'vitest'
import { type AccessRequest, checkAccess } from './access.js'
import { signTicket } from './ticket.js'

const rules = { origins: new Set(['http://localhost:3000']), secret: 'a secret of some length' }
const now = 1_900_000_000_000
const ticket = signTicket({ sub: 'local', exp: now / 1000 + 60, scope: 'runner' }, rules.secret)
const good: AccessRequest = { path: '/api/status', host: 'localhost:8000', authorization: `token ${ticket}` }

function codeOf(request: AccessRequest): string {
  try {
    checkAccess(request, rules, now)
    return 'ok'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('host', () => {
  test.each(['localhost', 'localhost:1', 'LOCALHOST:80', '127.0.0.1:65535', '[::1]:3000'])('%s is loopback', (host) => {
    expect(codeOf({ ...good, host })).toBe('ok')
  })
  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '192.168.1.2',
  ])('%s is not', (host) => expect(codeOf({ ...good, host })).toBe('E_HOST_FORBIDDEN'))
})

describe('origin', () => {
  test.each(['http://localhost:3001', 'https://localhost:3000', 'null', '', 'http://evil.example'])(
    '%s is refused',
    (origin) => expect(codeOf({ ...good, origin })).toBe('E_ORIGIN_FORBIDDEN'),
  )
  test('a listed one and none are accepted', () => {
    expect(codeOf({ ...good, origin: 'http://localhost:3000' })).toBe('ok')
    expect(codeOf({ ...good, origin: undefined })).toBe('ok')
  })
})

describe('ticket', () => {
  const bare = { ...good, authorization: undefined }
  test('by header, query and cookie', () => {
    expect(codeOf({ ...bare, authorization: `Bearer ${ticket}` })).toBe('ok')
    expect(codeOf({ ...bare, token: ticket })).toBe('ok')
    expect(codeOf({ ...bare, cookie: `a=b; mayfly-ticket=${ticket}; c=d` })).toBe('ok')
  })
  test('missing and wrong', () => {
    expect(codeOf(bare)).toBe('E_TICKET_MISSING')
    expect(codeOf({ ...bare, cookie: 'not-mayfly-ticket=x' })).toBe('E_TICKET_MISSING')
    expect(codeOf({ ...bare, token: 'x.y' })).toBe('E_TICKET_INVALID')
  })
  test('only /api goes without, and not from elsewhere', () => {
    expect(codeOf({ ...bare, path: '/api' })).toBe('ok')
    expect(codeOf({ ...bare, path: '/api/me' })).toBe('E_TICKET_MISSING')
    expect(codeOf({ ...bare, path: '/api', origin: 'http://evil.example' })).toBe('E_ORIGIN_FORBIDDEN')
  })
})
