/** `display(value)` and its forms for cells: every call shows a bundle and gives a handle that can replace it later. */
/// <reference path="../globals.d.ts" />
import { randomUUID } from 'node:crypto'
import { types } from 'node:util'
import type { Bundle } from '../protocol.js'
import { cleanBundle, tableBundle, toBundle } from './render.js'
import { base64, imageMime } from './values/bytes.js'
import { extent } from './values/html.js'
import { type Picture, toPicture } from './values/image.js'
import { toJson } from './values/json.js'
import { ProgressBar, sizeOf, track } from './values/progress.js'
import { toAskedTable } from './values/table.js'
import { toLine, toText } from './values/text.js'

/** Shows bundles; the run they belong to is the outlet's business. */
export interface Outlet {
  show(data: Bundle, metadata: Bundle, displayId: string, update: boolean, run: number): void
  clear(wait: boolean): void
  /** The execution that what is shown now belongs to. */
  owner(): number
  /** Called when the user interrupts; returns how to unsubscribe. */
  onInterrupt(callback: () => void): () => void
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
): { id: string; update(bundle: Bundle, metadata?: Bundle): void } {
  const id = `display-${prefix}-${++counter}`
  const run = outlet.owner()
  outlet.show(bundle, metadata, id, false, run)
  return { id, update: (next, about = metadata) => outlet.show(next, about, id, true, run) }
}

/** Builds the `display` of cells. What it promises is written in `globals.d.ts`. */
export function makeDisplay(outlet: Outlet): Mayfly.Display {
  const form = (toMime: (value: unknown) => Bundle | Promise<Bundle>) => (value: unknown) =>
    handle(outlet, value, toMime)
  const markup = (mime: string) => form((value) => ({ [mime]: String(value) }))
  const text = (mime: string) => form((value) => ({ [mime]: String(value), 'text/plain': String(value) }))
  const progress = (items?: unknown, label?: string) => showProgress(outlet, items, label)
  return Object.assign(form(toBundle), {
    html: markup('text/html'),
    markdown: text('text/markdown'),
    latex: text('text/latex'),
    svg: markup('image/svg+xml'),
    json: form((value) => ({ 'application/json': toJson(value), 'text/plain': toText(value) })),
    text: form((value) => ({ 'text/plain': typeof value === 'string' ? value : toText(value) })),
    table: (data: unknown, options?: Mayfly.TableOptions) =>
      handle(outlet, data, (value) => askedTable(value, options)),
    png: (file: unknown, options?: Mayfly.PictureOptions) => handle(outlet, file, pngBundle, pictureMetadata(options)),
    image: (data: unknown, options?: Mayfly.ImageOptions) => showPicture(outlet, data, options),
    progress: progress as Mayfly.Display['progress'],
    mime: (bundle: Bundle, metadata?: Bundle) => handle(outlet, bundle, cleanBundle, metadata && cleanBundle(metadata)),
    clear: (wait = false) => outlet.clear(Boolean(wait)),
  })
}

const EMPTY: Bundle = { 'text/plain': '' }

function handle(
  outlet: Outlet,
  value: unknown,
  toMime: (value: unknown) => Bundle | Promise<Bundle>,
  metadata: Bundle = {},
): Mayfly.DisplayHandle {
  const first = toMime(value)
  // A bundle that is still being made leaves its place empty, so that the order of outputs is the order of calls.
  const shown = showBundle(outlet, first instanceof Promise ? EMPTY : first, metadata)
  let latest = 0
  const follow = (pending: Bundle | Promise<Bundle>) => {
    const turn = ++latest
    if (!(pending instanceof Promise)) shown.update(pending)
    else void pending.then((bundle) => turn === latest && shown.update(bundle))
  }
  if (first instanceof Promise) follow(first)
  return known({ id: shown.id, update: (next) => follow(toMime(next)), clear: () => follow(EMPTY) })
}

function known<Handle extends object>(made: Handle): Handle {
  handles.add(made)
  return made
}

function showPicture(outlet: Outlet, data: unknown, options?: Mayfly.ImageOptions): Mayfly.DisplayHandle {
  const first: Picture = toPicture(data, options)
  const shown = showBundle(outlet, first.data, first.metadata)
  return known({
    id: shown.id,
    update(next: unknown) {
      const picture = toPicture(next, options)
      shown.update(picture.data, picture.metadata)
    },
    clear: () => shown.update(EMPTY, {}),
  })
}

function showProgress(outlet: Outlet, items: unknown, label?: string): Mayfly.Progress {
  const countable = items === undefined || items === null || typeof items === 'number'
  if (!countable && !isIterable(items))
    throw new TypeError(`display.progress expects a total or what a loop goes through, got ${toLine(items, 60)}`)
  if (typeof items === 'number' && !(items >= 0 && Number.isFinite(items)))
    throw new TypeError(`display.progress: the total must be a number from 0, got ${items}`)
  const total = countable ? (items ?? undefined) : sizeOf(Object(items))
  const place = { show: (bundle: Bundle) => showBundle(outlet, bundle), onInterrupt: outlet.onInterrupt }
  const bar = known(new ProgressBar(place, total, label === undefined ? '' : String(label)))
  return countable ? bar : track(bar, items)
}

const isIterable = (items: unknown): items is Iterable<unknown> | AsyncIterable<unknown> =>
  items !== null && items !== undefined && (Symbol.iterator in Object(items) || Symbol.asyncIterator in Object(items))

// Jupyter keeps what concerns one form of an output below its MIME type.
function pictureMetadata({ title, width, height, pixelated }: Mayfly.PictureOptions = {}): Bundle {
  const given = Object.entries({ title, width, height, pixelated }).filter(([, value]) => value !== undefined)
  return given.length > 0 ? { 'image/png': Object.fromEntries(given) } : {}
}

function askedTable(value: unknown, options?: Mayfly.TableOptions): Bundle {
  const table = toAskedTable(value, options)
  return tableBundle(table, `${table.title ? `${table.title}: ` : ''}table of ${extent(table)}\n${toText(value)}`)
}

const PNG_BASE64 = /^(?:data:image\/png;base64,)?(iVBORw0KGgo[\w+/=\s]*)$/

function pngBundle(value: unknown): Bundle {
  const text = typeof value === 'string' ? PNG_BASE64.exec(value)?.[1] : undefined
  if (text) return { 'image/png': text, 'text/plain': 'image/png' }
  if (types.isUint8Array(value) && imageMime(value) === 'image/png')
    return { 'image/png': base64(value), 'text/plain': `image/png, ${value.byteLength} bytes` }
  throw new TypeError('display.png expects the bytes of a PNG file, or their base64 text')
}
