/** Terminal text for the page: carriage returns applied, long text cut to its tail, colours as classes. */
import { AnsiUp } from 'ansi_up'

/** Lines kept in the page until the reader asks for all. */
export const SHOWN_LINES = 2000
/** Characters likewise: one line may be megabytes long. */
export const SHOWN_CHARS = 200_000

export interface Tail {
  text: string
  /** Lines left out before it. */
  hidden: number
}

/** The last `most` lines of a text, and of those the last `chars` characters. Scans from the end, so a long log costs no more than what is shown. */
export function tail(text: string, most: number, chars = Number.POSITIVE_INFINITY): Tail {
  const lines = lastLines(text, most)
  if (lines.text.length <= chars) return lines
  const cut = lines.text.slice(-chars)
  return { text: cut, hidden: lines.hidden + Math.max(1, countLines(lines.text.slice(0, -chars))) }
}

function lastLines(text: string, most: number): Tail {
  let at = text.endsWith('\n') ? text.length - 1 : text.length
  for (let count = 0; count < most; count += 1) {
    at = text.lastIndexOf('\n', at - 1)
    if (at < 0) return { text, hidden: 0 }
    if (at === 0) break
  }
  return { text: text.slice(at + 1), hidden: countLines(text.slice(0, at + 1)) }
}

function countLines(text: string): number {
  let count = 0
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count += 1
  return count
}

/** What a terminal would show of lines that return to their start: later text overwrites earlier text of the same line. */
export function applyReturns(text: string): string {
  if (!text.includes('\r')) return text
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => line.split('\r').reduce((shown, part) => part + shown.slice(part.length), ''))
    .join('\n')
}

/** HTML of a text with ANSI colours; everything in it is escaped. */
export function ansiToHtml(text: string): string {
  const converter = new AnsiUp()
  converter.use_classes = true
  return converter.ansi_to_html(text)
}
