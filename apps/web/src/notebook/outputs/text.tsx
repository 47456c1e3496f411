'use client'
import { ChevronsDownUp, ChevronsUpDown, Download } from 'lucide-react'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { cx } from '../../lib/cx'
import { formatCount } from '../../lib/format'
import { IconButton } from '../../ui/button'
import { saveFile } from '../../ui/clipboard'
import { ansiToHtml, applyReturns, SHOWN_CHARS, SHOWN_LINES, tail } from './ansi'

/** From this many characters on, a growing text is drawn at most every `REDRAW_MS`: laying out its lines takes a while. */
const LONG = 20_000
const REDRAW_MS = 200
/** While it grows, only so much of a long text's end is drawn: more passes too fast to be read. */
const LIVE_LINES = 200
const LIVE_CHARS = 20_000
/** Each press on "earlier lines" shows so many times more. */
const MORE = 10
/** Texts with more lines than this get a window of their own that scrolls. */
const TALL_LINES = 30

/**
 * Terminal text: coloured, cut to its last lines until the reader asks for more, in a window of its own when it is tall. The
 * window follows the end while it is there.
 */
export function TextOutput({ text, error = false }: { text: string; error?: boolean }) {
  const [times, setTimes] = useState(1)
  const [whole, setWhole] = useState(false)
  const view = useRef<HTMLPreElement>(null)
  const following = useRef(true)
  const { value: settled, growing } = useThrottled(text, text.length > LONG ? REDRAW_MS : 0)
  const { html, hidden, tall } = useMemo(() => {
    const shown = growing
      ? tail(settled, LIVE_LINES, LIVE_CHARS)
      : tail(settled, SHOWN_LINES * times, SHOWN_CHARS * times)
    const lines = applyReturns(shown.text)
    return { html: ansiToHtml(lines), hidden: shown.hidden, tall: hasLines(lines, TALL_LINES) }
  }, [settled, times, growing])
  const windowed = tall && !whole

  // biome-ignore lint/correctness/useExhaustiveDependencies: new text moves the end
  useLayoutEffect(() => {
    if (windowed && following.current && view.current) view.current.scrollTop = view.current.scrollHeight
  }, [html, windowed])

  return (
    <div className={cx('group/text relative', error && 'rounded-md bg-warn-soft px-2.5 py-1')}>
      {hidden > 0 && !growing && (
        <button
          type="button"
          onClick={() => setTimes(times * MORE)}
          className="mb-1 min-h-6 rounded bg-sunken px-2 text-accent text-xs hover:underline"
        >
          {formatCount(hidden)} earlier lines: show {hidden > SHOWN_LINES * (MORE - 1) * times ? 'more' : 'all'}
        </button>
      )}
      <pre
        ref={view}
        // A window that scrolls must be reachable by keyboard.
        tabIndex={windowed ? 0 : undefined}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          following.current = scrollTop + clientHeight >= scrollHeight - 8
        }}
        className={cx(
          'output-text whitespace-pre-wrap text-[12.5px] leading-[1.5] [overflow-wrap:anywhere]',
          windowed && 'max-h-[28rem] overflow-y-auto pr-10 focus-visible:outline-offset-[-2px]',
        )}
        // biome-ignore lint/security/noDangerouslySetInnerHtml: ansi_up escapes the text
        dangerouslySetInnerHTML={{ __html: html }}
      />
      {tall && (
        <span className="absolute right-3 bottom-1 flex rounded-md border border-line bg-raised opacity-70 focus-within:opacity-100 group-hover/text:opacity-100">
          <IconButton small label={whole ? 'Show in a window' : 'Show at full height'} onClick={() => setWhole(!whole)}>
            {whole ? <ChevronsDownUp size={13} /> : <ChevronsUpDown size={13} />}
          </IconButton>
          <IconButton
            small
            label="Save the text"
            onClick={() => saveFile('output.txt', new Blob([text], { type: 'text/plain' }))}
          >
            <Download size={13} />
          </IconButton>
        </span>
      )}
    </div>
  )
}

/** Whether a text has more than `most` lines; looks no further than that. */
function hasLines(text: string, most: number): boolean {
  let at = -1
  for (let count = 0; count <= most; count += 1) {
    at = text.indexOf('\n', at + 1)
    if (at < 0) return false
  }
  return true
}

/** The value, but changing at most once per `ms`, and whether it goes on changing; the last one always comes through. */
function useThrottled<T>(value: T, ms: number): { value: T; growing: boolean } {
  const [shown, setShown] = useState({ value, growing: false })
  const last = useRef(0)
  const first = useRef(true)
  useEffect(() => {
    // What was there when it was mounted does not grow.
    if (first.current || ms === 0) {
      first.current = false
      return
    }
    const wait = Math.max(0, last.current + ms - Date.now())
    const timer = setTimeout(() => {
      last.current = Date.now()
      setShown({ value, growing: true })
    }, wait)
    const end = setTimeout(() => setShown({ value, growing: false }), wait + 2 * ms)
    return () => {
      clearTimeout(timer)
      clearTimeout(end)
    }
  }, [value, ms])
  return ms === 0 ? { value, growing: false } : shown
}
