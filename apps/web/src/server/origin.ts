import { MayflyError } from '@mayfly/executor/errors'

/**
 * Refuses requests that a foreign page made. Browsers send `Origin` with everything but same-origin GET, and
 * `Sec-Fetch-Site` with all of it; a client that sends neither is no browser and cannot carry somebody's session.
 * @throws MayflyError `E_ORIGIN`
 */
export function checkOrigin(headers: Headers, origins: ReadonlySet<string>): void {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const foreign = origin === null ? site === 'cross-site' || site === 'same-site' : !origins.has(origin)
  if (!foreign) return
  throw new MayflyError('E_ORIGIN', `Requests from ${origin ?? 'another site'} are not accepted.`, {
    hint: 'Open Mayfly at the address that `npm start` printed.',
  })
}
