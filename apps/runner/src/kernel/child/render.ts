/** A value as a MIME bundle: always text, and what richer form its shape has. Never throws. Pure. */
import { types } from 'node:util'
import { TABLE_MIME, type TableOutput } from '@mayfly/executor/events'
import type { Bundle } from '../protocol.js'
import { base64, imageMime } from './values/bytes.js'
import { tableHtml } from './values/html.js'
import { toJson } from './values/json.js'
import { toTable } from './values/table.js'
import { toLine, toText } from './values/text.js'

/** An object that shows itself: its method of this name (or `toMime`) returns the bundle, or a promise of one. */
export const DISPLAY = Symbol.for('mayfly.display')
/** The same by the name other JavaScript kernels use. */
const JUPYTER_DISPLAY = Symbol.for('Jupyter.display')

/** Renders a value. Asynchronous only for objects whose own method is. */
export function toBundle(value: unknown): Bundle | Promise<Bundle> {
  // Looking at a proxy may run anything.
  const own = isObject(value) && !types.isProxy(value) ? ownBundle(value) : undefined
  if (own) return own
  const text = toText(value)
  if (types.isUint8Array(value)) {
    const mime = imageMime(value)
    return mime ? { [mime]: base64(value), 'text/plain': `${mime}, ${value.byteLength} bytes` } : { 'text/plain': text }
  }
  const table = toTable(value)
  return table ? tableBundle(table, text) : { 'text/plain': text }
}

/** A table with its plainer forms. */
export function tableBundle(table: TableOutput, text: string): Bundle {
  return { [TABLE_MIME]: table, 'text/html': tableHtml(table), 'text/plain': text }
}

/** A bundle that can travel: bytes as base64, JSON forms without what JSON lacks. @throws TypeError for what is no bundle. */
export function cleanBundle(bundle: unknown): Bundle {
  if (!isObject(bundle) || typeof bundle === 'function' || Array.isArray(bundle))
    throw new TypeError(`expected a MIME bundle, an object of MIME types; got ${toLine(bundle, 60)}`)
  const clean: Bundle = {}
  for (const [mime, data] of Object.entries(bundle)) {
    if (data === undefined) continue
    clean[mime] = typeof data === 'string' ? data : types.isUint8Array(data) ? base64(data) : toJson(data)
  }
  return clean
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** What the value's own method gives; a method that fails is told of, and the value shown as any other. */
function ownBundle(value: Record<PropertyKey, unknown>): Bundle | Promise<Bundle> | undefined {
  const plain = (fault: unknown): Bundle => {
    const why = fault instanceof Error ? `${fault.name}: ${fault.message}` : toLine(fault, 200)
    return { 'text/plain': `${toText(value)}\n(its own display method failed: ${why})` }
  }
  const withText = (bundle: unknown): Bundle => {
    const clean = cleanBundle(bundle)
    return 'text/plain' in clean ? clean : { ...clean, 'text/plain': toText(value) }
  }
  try {
    const method = value[DISPLAY] ?? value[JUPYTER_DISPLAY] ?? value.toMime
    if (typeof method !== 'function') return markup(value)
    const given: unknown = method.call(value)
    if (!types.isPromise(given)) return given === undefined || given === null ? undefined : withText(given)
    return given.then(withText).catch(plain)
  } catch (error) {
    return plain(error)
  }
}

/** Objects that know their HTML: `toHTML()`, or an element of a document. */
function markup(value: Record<PropertyKey, unknown>): Bundle | undefined {
  if (typeof value.toHTML === 'function') {
    const html: unknown = value.toHTML()
    return typeof html === 'string' ? { 'text/html': html, 'text/plain': toText(value) } : undefined
  }
  if (value.nodeType !== 1 || typeof value.outerHTML !== 'string') return undefined
  const mime = /^<svg[\s>]/i.test(value.outerHTML) ? 'image/svg+xml' : 'text/html'
  return { [mime]: value.outerHTML, 'text/plain': toLine(value.outerHTML, 200) }
}
