/** Keys of the run page as data: one table for binding and help. */

import { stragglersOf } from './diagnosis'
import type { RunFeed } from './feed'
import { pan, type TimeWindow, zoom } from './scale'
import type { ViewStore } from './store'

export interface ShortcutContext {
  feed: RunFeed
  view: ViewStore
  windowNow: () => TimeWindow
  limits: () => TimeWindow
}

export interface Shortcut {
  keys: string
  title: string
  run: (context: ShortcutContext) => void
}

const zoomBy =
  (factor: number) =>
  ({ view, windowNow, limits }: ShortcutContext) =>
    view.setState({ window: zoom(windowNow(), factor, 0.5, limits()) })

const panBy =
  (fraction: number) =>
  ({ view, windowNow, limits }: ShortcutContext) =>
    view.setState({ window: pan(windowNow(), fraction, limits()) })

export const SHORTCUTS: Shortcut[] = [
  { keys: 'w', title: 'Zoom in', run: zoomBy(1.6) },
  { keys: 's', title: 'Zoom out', run: zoomBy(1 / 1.6) },
  { keys: 'a', title: 'Earlier', run: panBy(-0.25) },
  { keys: 'd', title: 'Later', run: panBy(0.25) },
  { keys: 'f', title: 'Fit the selected call', run: fitSelected },
  { keys: '0', title: 'Fit the whole run', run: fitRun },
  { keys: '[', title: 'Previous failure or straggler', run: (context) => step(context, -1) },
  { keys: ']', title: 'Next failure or straggler', run: (context) => step(context, 1) },
  {
    keys: 'e',
    title: 'Only calls with failures',
    run: ({ view }) => view.setState(({ errorsOnly }) => ({ errorsOnly: !errorsOnly, scroll: 0 })),
  },
  { keys: 'escape', title: 'Close the call, clear filters', run: clear },
]

function fitRun({ view }: ShortcutContext): void {
  view.setState({ window: undefined, rowHeight: undefined, scroll: 0 })
}

/** Shows the selected call with a tenth of its length on either side. */
function fitSelected({ feed, view, limits }: ShortcutContext): void {
  const { selected } = view.getState()
  if (selected === undefined) return
  const from = feed.model.first.data[selected]!
  const to = Math.max(from + 1, feed.model.last.data[selected]!)
  if (Number.isNaN(from)) return
  const margin = (to - from) / 10
  const { from: least, to: most } = limits()
  view.setState({ window: { from: Math.max(least, from - margin), to: Math.min(most, to + margin) } })
}

/** Goes to the next call that failed or straggles, in order of calls, round and round. */
function step({ feed, view }: ShortcutContext, by: 1 | -1): void {
  const { model } = feed
  const calls = new Set(model.failures.map(({ call }) => call))
  for (const { row } of stragglersOf(model, feed.now())) calls.add(row)
  const list = [...calls].sort((a, b) => a - b)
  if (list.length === 0) return
  const { selected } = view.getState()
  const next =
    by === 1
      ? (list.find((call) => call > (selected ?? -1)) ?? list[0])
      : (list.findLast((call) => call < (selected ?? Number.POSITIVE_INFINITY)) ?? list.at(-1))
  view.setState({ selected: next })
}

function clear({ view }: ShortcutContext): void {
  const { selected } = view.getState()
  if (selected !== undefined) view.setState({ selected: undefined })
  else view.setState({ errorsOnly: false, job: undefined })
}

/** Whether a key press belongs to a field or a widget rather than to the page. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as { closest?: (selector: string) => unknown } | null
  return Boolean(element?.closest?.('input, textarea, select, [contenteditable], [role="dialog"], [role="menu"]'))
}
