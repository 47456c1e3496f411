/** `display(value)` and its forms for cells: every call shows a bundle and gives a handle that can replace it later. */
import { randomUUID } from 'node:crypto'
import { TABLE_MIME } from '@mayfly/executor/events'
import type { Bundle } from '../protocol.js'
import { base64, imageMime, toBundle, toTable, toText } from './render.js'

/** Shows bundles; the run they belong to is the outlet's business. */
export interface Outlet {
  show(data: Bundle, metadata: Bundle, displayId: string, update: boolean, run: number): void
  clear(wait: boolean): void
  /** The execution that what is shown now belongs to. */
  owner(): number
}

export interface DisplayHandle {
  readonly id: string
  /** Replaces what was shown, wherever it is shown; also after the cell has ended. */
  update(value: unknown): void
}

/** How a picture is shown. */
export interface ImageOptions {
  /** Caption under the picture, also read to those who cannot see it. */
  title?: string
  /** Size on the page, CSS pixels; default the picture's own. */
  width?: number
  height?: number
  /** Keeps the edges of pixels sharp when the picture is enlarged. */
  pixelated?: boolean
}

const handles = new WeakSet<object>()

/** Whether a value is a handle: it stands for what is shown already, so a cell that ends with it shows nothing more. */
export function isHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && handles.has(value)
}

let counter = 0
const prefix = randomUUID().slice(0, 8)

/** Shows a bundle now and returns how to replace it. */
export function showBundle(
  outlet: Outlet,
  bundle: Bundle,
  metadata: Bundle = {},
): { id: string; update(bundle: Bundle): void } {
  const id = `display-${prefix}-${++counter}`
  const run = outlet.owner()
  outlet.show(bundle, metadata, id, false, run)
  return { id, update: (next) => outlet.show(next, metadata, id, true, run) }
}

/**
 * Builds the `display` of cells: `display(value)` renders like a last expression; `display.html`, `.markdown`, `.latex`, `.svg`
 * take text, `.json` any JSON value, `.table` records or columns, `.png` bytes or base64 (and `ImageOptions`), `.mime` a bundle as
 * it is.
 */
export function makeDisplay(outlet: Outlet) {
  const form = (toMime: (value: never) => Bundle | Promise<Bundle>) => (value: unknown) => handle(outlet, value, toMime)
  const markup = (mime: string) => form((value: unknown) => ({ [mime]: String(value) }))
  const text = (mime: string) => form((value: unknown) => ({ [mime]: String(value), 'text/plain': String(value) }))
  return Object.assign(form(toBundle as (value: unknown) => Bundle | Promise<Bundle>), {
    html: markup('text/html'),
    markdown: text('text/markdown'),
    latex: text('text/latex'),
    svg: markup('image/svg+xml'),
    json: form((value: unknown) => ({ 'application/json': value ?? null, 'text/plain': toText(value) })),
    table: form(tableBundle),
    png: (value: unknown, options?: ImageOptions) => handle(outlet, value, pngBundle, imageMetadata(options)),
    mime: form((bundle: Bundle) => bundle),
    clear: (wait = false) => outlet.clear(Boolean(wait)),
  })
}

function handle(
  outlet: Outlet,
  value: unknown,
  toMime: (value: never) => Bundle | Promise<Bundle>,
  metadata: Bundle = {},
): DisplayHandle {
  const first = toMime(value as never)
  // A bundle that is still being made leaves its place empty, so that the order of outputs is the order of calls.
  const shown = showBundle(outlet, first instanceof Promise ? { 'text/plain': '' } : first, metadata)
  let latest = 0
  const follow = (pending: Bundle | Promise<Bundle>) => {
    const turn = ++latest
    if (!(pending instanceof Promise)) shown.update(pending)
    else void pending.then((bundle) => turn === latest && shown.update(bundle))
  }
  if (first instanceof Promise) follow(first)
  const made = { id: shown.id, update: (next: unknown) => follow(toMime(next as never)) }
  handles.add(made)
  return made
}

// Jupyter keeps what concerns one form of an output below its MIME type.
function imageMetadata({ title, width, height, pixelated }: ImageOptions = {}): Bundle {
  const given = Object.entries({ title, width, height, pixelated }).filter(([, value]) => value !== undefined)
  return given.length > 0 ? { 'image/png': Object.fromEntries(given) } : {}
}

function tableBundle(value: unknown): Bundle {
  const table = toTable(value)
  if (!table)
    throw new TypeError('display.table expects an array of plain objects, or an object of equally long columns')
  return { [TABLE_MIME]: table, 'text/plain': toText(value) }
}

function pngBundle(value: unknown): Bundle {
  if (typeof value === 'string') return { 'image/png': value, 'text/plain': 'image/png' }
  if (!(value instanceof Uint8Array) || imageMime(value) !== 'image/png') {
    throw new TypeError('display.png expects the bytes of a PNG file, or their base64 text')
  }
  return { 'image/png': base64(value), 'text/plain': `image/png, ${value.byteLength} bytes` }
}
