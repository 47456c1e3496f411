/** The headings of a notebook's text cells. Pure. */
import type { Cell } from './cells'

export interface Heading {
  cellId: string
  /** Place of its cell in the notebook, from 0. */
  index: number
  /** 1 to 6. */
  level: number
  text: string
  /** Line in the cell, from 0. */
  line: number
}

const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/

/** All headings in order; lines inside fenced code are none. */
export function outlineOf(order: readonly string[], cells: Readonly<Record<string, Cell>>): Heading[] {
  return order.flatMap((cellId, index) => {
    const cell = cells[cellId]
    if (cell?.kind !== 'markdown') return []
    let fence: string | undefined
    return cell.source.split('\n').flatMap((text, line) => {
      const mark = /^ {0,3}(`{3,}|~{3,})/.exec(text)?.[1]
      if (mark && (fence === undefined || (mark[0] === fence[0] && mark.length >= fence.length)))
        fence = fence === undefined ? mark : undefined
      const match = fence === undefined ? HEADING.exec(text) : null
      return match ? [{ cellId, index, level: match[1]!.length, text: plain(match[2]!), line }] : []
    })
  })
}

/** A heading without the marks of emphasis, code and links. */
function plain(text: string): string {
  return (
    text
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[*_`]+/g, '')
      .trim() || 'Untitled'
  )
}
