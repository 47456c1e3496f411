import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signTicket, verifyTicket } from './ticket.js'

const secret = 'a secret of some length'
const payload = { sub: 'local', exp: 2_000_000_000, scope: 'runner' as const }
const now = 1_900_000_000_000

test('a signed ticket gives its payload back', () => {
  expect(verifyTicket(signTicket(payload, secret), secret, now)).toEqual(payload)
})

test('the format is the documented one', () => {
  const [encoded, signature] = signTicket(payload, secret).split('.')
  expect(JSON.parse(Buffer.from(encoded!, 'base64url').toString())).toEqual(payload)
  expect(signature).toMatch(/^[\w-]{43}$/)
})

test('an expired ticket is told from a forged one', () => {
  const ticket = signTicket(payload, secret)
  expect(() => verifyTicket(ticket, secret, payload.exp * 1000)).toThrow(
    expect.objectContaining({ code: 'E_TICKET_EXPIRED' }),
  )
  expect(() => verifyTicket(ticket, 'another secret', now)).toThrow(
    expect.objectContaining({ code: 'E_TICKET_INVALID' }),
  )
})

test('no changed ticket is accepted', () => {
  const ticket = signTicket(payload, secret)
  fc.assert(
    fc.property(fc.nat(ticket.length - 1), fc.constantFrom(...'abcXYZ019-_.'), (at, char) => {
      const changed = ticket.slice(0, at) + char + ticket.slice(at + 1)
      fc.pre(changed !== ticket)
      expect(() => verifyTicket(changed, secret, now)).toThrow()
    }),
  )
})

test('a genuine ticket for something else is refused', () => {
  const other = signTicket({ ...payload, scope: 'admin' } as never, secret)
  expect(() => verifyTicket(other, secret, now)).toThrow(expect.objectContaining({ code: 'E_TICKET_INVALID' }))
  for (const nonsense of ['', '.', 'a.b', `${signTicket(payload, secret)}.x`])
    expect(() => verifyTicket(nonsense, secret, now)).toThrow(expect.objectContaining({ code: 'E_TICKET_INVALID' }))
})
