/** News about a document for the pages that show it, as kernel messages; Jupyter clients ignore their types. */
import type { MayflyError } from '@mayfly/executor/errors'
import { type JupyterMessage, makeHeader } from '../kernel/messages.js'

/** A `mayfly_notice`: outputs cannot be kept at the moment, or, `resolved`, can again. */
export function troubleNotice(error: MayflyError, resolved: boolean): JupyterMessage {
  const { code, message, hint } = error
  return news('mayfly_notice', { code, message, ...(hint ? { hint } : {}), resolved })
}

/** A `mayfly_document`: an older version was restored, or someone else changed the file; pages load it again. */
export function changedNotice(content: { hash: string; seq: number; cause: 'restore' | 'outside' }): JupyterMessage {
  return news('mayfly_document', content)
}

function news(type: string, content: Record<string, unknown>): JupyterMessage {
  return { channel: 'iopub', header: makeHeader(type, ''), parent_header: {}, metadata: {}, content }
}
