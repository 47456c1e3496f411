'use client'
import { useEffect, useMemo, useRef, useState } from 'react'
import { cx } from '../../lib/cx'
import { formatCount } from '../../lib/format'
import { ansiToHtml, applyReturns, SHOWN_LINES, tail } from './ansi'

/** From this many characters on, a growing text is drawn at most every `REDRAW_MS`: laying out its lines takes a while. */
const LONG = 20_000
const REDRAW_MS = 200

/** Terminal text: coloured, and cut to its last lines until the reader asks for all. */
export function TextOutput({ text, error = false }: { text: string; error?: boolean }) {
  const [all, setAll] = useState(false)
  const settled = useThrottled(text, text.length > LONG ? REDRAW_MS : 0)
  const { html, hidden } = useMemo(() => {
    const shown = all ? { text: settled, hidden: 0 } : tail(settled, SHOWN_LINES)
    return { html: ansiToHtml(applyReturns(shown.text)), hidden: shown.hidden }
  }, [settled, all])
  return (
    <div className={cx(error && 'rounded-md bg-warn-soft px-2.5 py-1')}>
      {hidden > 0 && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="mb-1 h-6 rounded bg-sunken px-2 text-accent text-xs hover:underline"
        >
          {formatCount(hidden)} earlier lines: show all
        </button>
      )}
      <pre
        className="output-text overflow-x-auto whitespace-pre-wrap text-[12.5px] leading-[1.5] [overflow-wrap:anywhere]"
        // biome-ignore lint/security/noDangerouslySetInnerHtml: ansi_up escapes the text
        dangerouslySetInnerHTML={{ __html: html }}
      />
    </div>
  )
}

/** The value, but changing at most once per `ms`; the last one always comes through. */
function useThrottled<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value)
  const last = useRef(0)
  useEffect(() => {
    const wait = Math.max(0, last.current + ms - Date.now())
    const timer = setTimeout(() => {
      last.current = Date.now()
      setShown(value)
    }, wait)
    return () => clearTimeout(timer)
  }, [value, ms])
  return ms === 0 ? value : shown
}
