/** Paths and bodies of requests. */

import { MayflyError } from '@mayfly/executor/errors'
import type { Context } from 'hono'

/** A request body may have at most this many bytes. */
const MAX_BODY = 256 * 1024 * 1024

/** The part of the URL's path behind `prefix`, decoded. Throws `E_PATH_INVALID`. */
export function pathAfter(c: Context, prefix: string): string {
  const { pathname } = new URL(c.req.url)
  try {
    return decodeURIComponent(pathname.slice(prefix.length)).replace(/^\/+|\/+$/g, '')
  } catch (cause) {
    throw new MayflyError('E_PATH_INVALID', `the path ${pathname} is not encoded correctly`, { cause })
  }
}

/** The text of the body. Throws `E_REQUEST_TOO_LARGE`. */
export async function bodyText(c: Context): Promise<string> {
  if (Number(c.req.header('content-length') ?? 0) > MAX_BODY) throw tooLarge()
  const text = await c.req.text()
  if (text.length > MAX_BODY) throw tooLarge()
  return text
}

function tooLarge(): MayflyError {
  return new MayflyError('E_REQUEST_TOO_LARGE', `the body has more than ${MAX_BODY} bytes`, {
    hint: 'Upload large files in chunks.',
  })
}
