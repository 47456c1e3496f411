/**
 * Tickets: what the web server hands to a page so that the page may talk to the runner. Pure; the format is written down in
 * docs/architecture.md, because the web server signs with code of its own.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'

const payloadSchema = z.object({ sub: z.string().min(1), exp: z.number(), scope: z.literal('runner') })

/** Who may do what until when; `exp` is in seconds since the epoch. */
export type TicketPayload = z.infer<typeof payloadSchema>

const HINT = 'Reload the page: it asks for a new ticket.'

/** `<payload>.<HMAC-SHA256 of the encoded payload>`, both base64url. `secret` is used as it stands, a text. */
export function signTicket(payload: TicketPayload, secret: string): string {
  const encoded = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${encoded}.${mac(encoded, secret).toString('base64url')}`
}

/**
 * The payload of a genuine, unexpired ticket. Throws `E_TICKET_INVALID` or `E_TICKET_EXPIRED`.
 * @param now milliseconds since the epoch
 */
export function verifyTicket(ticket: string, secret: string, now: number = Date.now()): TicketPayload {
  const [encoded = '', signature = '', ...rest] = ticket.split('.')
  const expected = mac(encoded, secret)
  const given = Buffer.from(signature, 'base64url')
  // The text is compared too: several base64url texts decode to the same bytes, only one of them was issued.
  const genuine =
    given.length === expected.length && timingSafeEqual(given, expected) && given.toString('base64url') === signature
  if (!genuine || rest.length > 0)
    throw new MayflyError('E_TICKET_INVALID', 'the ticket is not genuine', { hint: HINT })
  const payload = payloadSchema.safeParse(parseJson(Buffer.from(encoded, 'base64url').toString()))
  if (!payload.success) throw new MayflyError('E_TICKET_INVALID', 'the ticket has no valid payload', { hint: HINT })
  if (payload.data.exp * 1000 <= now)
    throw new MayflyError('E_TICKET_EXPIRED', 'the ticket has expired', { hint: HINT })
  return payload.data
}

function mac(encoded: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(encoded).digest()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
