/** What the reader of a run page has chosen: all of the page's state beside the model, declared here. */
import { createStore } from 'zustand'
import type { TimeWindow } from './scale'
import type { Metric } from './summary'
import type { Sort } from './timeline/rows'

export const TABS = ['stages', 'calls', 'stragglers', 'failures', 'logs', 'settings'] as const
export type TabId = (typeof TABS)[number]

export interface View {
  /** The stretch of time all panels show; nothing means all of the run, following it while it goes on. */
  window: TimeWindow | undefined
  /** Order of the timeline's rows. */
  sort: Sort
  /** Show only calls with a failed attempt. */
  errorsOnly: boolean
  /** Show only this job, by index. */
  job: number | undefined
  /** Height of a timeline row in pixels; nothing fits all rows. */
  rowHeight: number | undefined
  /** Pixels the timeline's rows are scrolled down. */
  scroll: number
  /** The call in the side panel. */
  selected: number | undefined
  /** The tab below the charts. */
  tab: TabId
  /** What the quantiles of the stage table are about. */
  metric: Metric
}

export type ViewStore = ReturnType<typeof createView>

export function createView(initial: Partial<View> = {}) {
  return createStore<View>(() => ({
    window: undefined,
    sort: 'submit',
    errorsOnly: false,
    job: undefined,
    rowHeight: undefined,
    scroll: 0,
    selected: undefined,
    tab: 'stages',
    metric: 'duration',
    ...initial,
  }))
}

/**
 * The part of a view that a link carries, as a query: `t` is the window in ms from the start of the run, `call` the
 * selected call, `tab` the tab. What is at its default is left out.
 */
export function toQuery({ window, selected, tab }: Pick<View, 'window' | 'selected' | 'tab'>, start: number): string {
  const query = new URLSearchParams()
  if (window && !Number.isNaN(start)) {
    query.set('t', `${round(window.from - start)}-${round(window.to - start)}`)
  }
  if (selected !== undefined) query.set('call', String(selected))
  if (tab !== 'stages') query.set('tab', tab)
  return query.toString()
}

/** Reads such a query; the window stays in ms from the start. What makes no sense is left out. */
export function fromQuery(text: string): { offsets?: TimeWindow; selected?: number; tab?: TabId } {
  const query = new URLSearchParams(text)
  const [from, to] = (query.get('t') ?? '').split('-').map(Number)
  const call = query.get('call')
  const tab = TABS.find((one) => one === query.get('tab'))
  return {
    ...(from !== undefined && to !== undefined && from >= 0 && to > from ? { offsets: { from, to } } : {}),
    ...(call !== null && /^\d{1,9}$/.test(call) ? { selected: Number(call) } : {}),
    ...(tab ? { tab } : {}),
  }
}

const round = (value: number) => Math.max(0, Math.round(value * 10) / 10)
