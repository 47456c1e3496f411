import { createHmac } from 'node:crypto'

/** Life of a ticket: 12 hours, in seconds. */
export const TICKET_LIFE = 12 * 60 * 60

/**
 * Signs a ticket for the runner: `<payload>.<signature>`, both base64url; the signature is HMAC-SHA256 of the encoded
 * payload (`docs/architecture.md`, *Tickets*).
 * @param now milliseconds since the epoch
 */
export function signTicket(secret: string, now = Date.now()): string {
  const exp = Math.floor(now / 1000) + TICKET_LIFE
  const payload = Buffer.from(JSON.stringify({ sub: 'local', exp, scope: 'runner' })).toString('base64url')
  return `${payload}.${createHmac('sha256', secret).update(payload).digest('base64url')}`
}
