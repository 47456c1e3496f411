/** News about a document for the pages that show it, as kernel messages; Jupyter clients ignore their types. */
import type { MayflyError } from '@mayfly/executor/errors'
import { type JupyterMessage, makeHeader } from '../kernel/messages.js'

/** A `mayfly_notice`: outputs cannot be kept at the moment, or, `resolved`, can again. */
export function troubleNotice(error: MayflyError, resolved: boolean): JupyterMessage {
  const { code, message, hint } = error
  return news('mayfly_notice', { code, message, ...(hint ? { hint } : {}), resolved })
}

/** Why a document is another: an older version was restored, the file changed outside, a page changed the notebook's settings. */
export type ChangeCause = 'restore' | 'outside' | 'settings'

/** A `mayfly_document`: pages that do not have this version load it again. */
export function changedNotice(content: { hash: string; seq: number; cause: ChangeCause }): JupyterMessage {
  return news('mayfly_document', content)
}

function news(type: string, content: Record<string, unknown>): JupyterMessage {
  return { channel: 'iopub', header: makeHeader(type, ''), parent_header: {}, metadata: {}, content }
}
