/** Who may talk to the runner: the Host, Origin and ticket checks every request and every upgrade goes through. Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import { verifyTicket } from './ticket.js'

/** What the checks look at; header values as they came. */
export interface AccessRequest {
  path: string
  host?: string | undefined
  origin?: string | undefined
  authorization?: string | undefined
  cookie?: string | undefined
  /** The `token` query parameter. */
  token?: string | undefined
}

export interface AccessRules {
  origins: ReadonlySet<string>
  secret: string
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i

/**
 * Throws `E_HOST_FORBIDDEN` (against DNS rebinding), `E_ORIGIN_FORBIDDEN` (against other sites' pages) or a ticket error.
 * `GET /api` needs no ticket, so that a client can ask whether anyone is there.
 */
export function checkAccess(request: AccessRequest, rules: AccessRules, now: number = Date.now()): void {
  if (!request.host || !LOOPBACK.test(request.host))
    throw new MayflyError('E_HOST_FORBIDDEN', `the host ${JSON.stringify(request.host ?? '')} is not this computer`, {
      hint: 'Open Mayfly as http://localhost or http://127.0.0.1.',
    })
  if (request.origin !== undefined && !rules.origins.has(request.origin))
    throw new MayflyError('E_ORIGIN_FORBIDDEN', `pages of ${JSON.stringify(request.origin)} may not use this runner`, {
      hint: 'Add the origin to MAYFLY_ORIGINS if you trust it.',
    })
  if (request.path === '/api' || request.path === '/api/') return
  const ticket = findTicket(request)
  if (!ticket)
    throw new MayflyError('E_TICKET_MISSING', 'a ticket is needed', {
      hint: 'Send it as "Authorization: token …", as ?token=… or as the cookie mayfly-ticket.',
    })
  verifyTicket(ticket, rules.secret, now)
}

function findTicket({ authorization, token, cookie }: AccessRequest): string | undefined {
  const header = authorization && /^(?:token|bearer)\s+(\S+)$/i.exec(authorization)?.[1]
  if (header) return header
  if (token) return token
  return cookie && /(?:^|;\s*)mayfly-ticket=([^;\s]+)/.exec(cookie)?.[1]
}
