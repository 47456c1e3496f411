'use client'
import { useMemo, useState } from 'react'
import { cx } from '../../lib/cx'
import { formatCount } from '../../lib/format'
import { ansiToHtml, applyReturns, SHOWN_LINES, tail } from './ansi'

/** Terminal text: coloured, and cut to its last lines until the reader asks for all. */
export function TextOutput({ text, error = false }: { text: string; error?: boolean }) {
  const [all, setAll] = useState(false)
  const { html, hidden } = useMemo(() => {
    const shown = all ? { text, hidden: 0 } : tail(text, SHOWN_LINES)
    return { html: ansiToHtml(applyReturns(shown.text)), hidden: shown.hidden }
  }, [text, all])
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
