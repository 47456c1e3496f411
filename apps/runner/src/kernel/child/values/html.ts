/** Tables as plain HTML, for readers that know no other form of them: other Jupyter clients, GitHub, a printed notebook. Pure. */
import type { TableOutput } from '@mayfly/executor/events'
import type { Json } from './json.js'
import { clip } from './text.js'

const ROWS = 20
const COLUMNS = 20
const MAX_CELL = 80

export function tableHtml(table: TableOutput): string {
  const columns = table.columns.slice(0, COLUMNS)
  const shown = Math.min(table.shown, ROWS)
  const head = columns.map(({ name, unit }) => `<th>${escapeHtml(unit ? `${name} (${unit})` : name)}</th>`).join('')
  const rows = Array.from({ length: shown }, (_, row) => {
    const cells = columns.map(({ type }, i) => {
      const align = type === 'number' ? ' style="text-align:right"' : ''
      return `<td${align}>${escapeHtml(cellText(table.data[i]?.[row] as Json))}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  const title = table.title ? `<caption>${escapeHtml(table.title)}</caption>` : ''
  return `<table>${title}<thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>\n<p>${extent(table, shown)}</p>`
}

/** `1,234 rows × 3 columns`, and how many of them are there to be seen. */
export function extent(table: TableOutput, shown = table.shown): string {
  const columns = table.columns.length + (table.hiddenColumns ?? 0)
  const rows = `${table.more ? 'more than ' : ''}${count(table.rows, 'row')}`
  const cut = shown < table.rows || table.more ? `, the first ${shown.toLocaleString('en')} shown` : ''
  return `${rows} × ${count(columns, 'column')}${cut}`
}

const count = (n: number, noun: string) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`

function cellText(value: Json): string {
  if (value === null || value === undefined) return ''
  return clip(typeof value === 'string' ? value : JSON.stringify(value), MAX_CELL)
}

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
