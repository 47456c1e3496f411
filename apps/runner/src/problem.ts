/** Errors on their way out over HTTP: code → status, and the JSON body that Jupyter clients and our page both read. */
import { MayflyError, toErrorValue } from '@mayfly/executor/errors'
import type { z } from 'zod'

const STATUS: Record<string, number> = {
  E_TICKET_MISSING: 401,
  E_TICKET_INVALID: 401,
  E_TICKET_EXPIRED: 401,
  E_HOST_FORBIDDEN: 403,
  E_ORIGIN_FORBIDDEN: 403,
  E_REQUEST_INVALID: 400,
  E_REQUEST_TOO_LARGE: 413,
  E_PATH_INVALID: 400,
  E_PATH_OUTSIDE: 403,
  E_NOT_FOUND: 404,
  E_FILE_EXISTS: 409,
  E_FILE_TYPE: 400,
  E_FILE_TOO_LARGE: 413,
  E_FOLDER_NOT_EMPTY: 400,
  E_DOCUMENT_CONFLICT: 409,
  E_READ_ONLY: 403,
  E_CONFIG_CONFLICT: 409,
  E_CONFIG_READ_ONLY: 403,
  E_CONFIG_FILE: 422,
  E_CONFIG_READER: 422,
  E_CONFIG_UNKNOWN_KEY: 422,
  E_CONFIG_VALUE: 422,
  E_CONFIG_AWS: 422,
  E_STORAGE_BUCKET: 422,
  E_DISK_FULL: 507,
  E_NOTEBOOK_INVALID: 422,
  E_KERNEL_UNKNOWN_SPEC: 400,
  E_KERNEL_BUSY: 409,
  E_VARIABLE_UNKNOWN: 404,
  ENOENT: 404,
  ENOTDIR: 404,
  EEXIST: 409,
  EACCES: 403,
  EPERM: 403,
  EISDIR: 400,
  ENAMETOOLONG: 400,
  ENOSPC: 507,
  EDQUOT: 507,
  EROFS: 403,
}

export interface Problem {
  status: number
  body: { message: string; code: string; hint?: string; where?: Record<string, string | number>; traceback: '' }
}

/** Any thrown value as an answer. Faults of the file system keep their code; the rest is 500. */
export function toProblem(thrown: unknown): Problem {
  const { code, message, hint, where } = toErrorValue(thrown)
  const fault = code === 'E_USER' ? 'E_INTERNAL' : code
  return {
    status: STATUS[fault] ?? 500,
    body: { message, code: fault, ...(hint ? { hint } : {}), ...(where ? { where } : {}), traceback: '' },
  }
}

/** A thing that is not there, as an error: `notFound('kernel', id)`. */
export function notFound(kind: string, id: string): MayflyError {
  return new MayflyError('E_NOT_FOUND', `${kind} not found: ${id}`, { where: { [kind]: id } })
}

/** Parses JSON text by a schema; an empty text counts as `{}`. Throws `E_REQUEST_INVALID` that names the faulty fields. */
export function parseBody<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch (cause) {
    throw new MayflyError('E_REQUEST_INVALID', `the body is not JSON: ${(cause as Error).message}`, { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
  throw new MayflyError('E_REQUEST_INVALID', `the body is not as expected: ${faults}`)
}
