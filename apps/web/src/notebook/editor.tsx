'use client'
import { memo, useEffect, useRef, useState } from 'react'
import { onThemeChange } from '../lib/theme'
import { bindingsOf } from './commands'
import { runCommand, useServices } from './context'
import { neighbour } from './edit'
import { languageOf, MODEL_OPTIONS } from './models'
import { type CodeEditor, type Monaco, useMonaco } from './monaco'
import { useNearViewport } from './near'
import { type NotebookStore, useNotebook, useNotebookStore } from './store'

const LINE_HEIGHT = 20
const PADDING = 9
/** What both the live editor and its picture are set in: nothing may move when one replaces the other. */
const FONT = { fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace', fontSize: 13, lineHeight: LINE_HEIGHT }

/**
 * The source of a cell: a live editor near the screen, coloured text elsewhere and before Monaco is there. Both have the
 * same measures.
 */
export const CellEditor = memo(function CellEditor({ id, label }: { id: string; label: string }) {
  const box = useRef<HTMLDivElement>(null)
  const monaco = useMonaco()
  const near = useNearViewport(box, 400)
  const focused = useNotebook((state) => state.selected === id && state.mode === 'edit')
  const live = monaco !== undefined && (near || focused)
  return (
    <div
      ref={box}
      data-testid="cell-editor"
      className="relative min-w-0 overflow-hidden rounded-t-[7px] last:rounded-b-[7px]"
    >
      {live ? <LiveEditor key={id} id={id} label={label} monaco={monaco} /> : <Picture id={id} monaco={monaco} />}
    </div>
  )
})

/** The text as it will look in the editor, without one. */
function Picture({ id, monaco }: { id: string; monaco: Monaco | undefined }) {
  const source = useNotebook((state) => state.cells[id]?.source ?? '')
  const kind = useNotebook((state) => state.cells[id]?.kind ?? 'code')
  const [html, setHtml] = useState<string>()
  useEffect(() => {
    let wanted = true
    const colour = () =>
      monaco?.editor.colorize(source, languageOf(kind), { tabSize: 2 }).then((coloured) => wanted && setHtml(coloured))
    colour()
    // Monaco numbers its colours anew with each theme: the old classes would mean others.
    const stop = onThemeChange(colour)
    return () => {
      wanted = false
      stop()
    }
  }, [monaco, source, kind])
  const style = { ...FONT, lineHeight: `${LINE_HEIGHT}px`, padding: `${PADDING}px 12px` }
  // Near the view there is an editor, which scrolls.
  const look = kind === 'code' ? 'overflow-x-hidden whitespace-pre' : 'whitespace-pre-wrap'
  return html === undefined ? (
    <pre className={look} style={style}>
      {source || ' '}
    </pre>
  ) : (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: Monaco's colouring escapes the text
    <pre className={look} style={style} dangerouslySetInnerHTML={{ __html: html }} />
  )
}

function LiveEditor({ id, label, monaco }: { id: string; label: string; monaco: Monaco }) {
  const host = useRef<HTMLDivElement>(null)
  const editorRef = useRef<CodeEditor>(undefined)
  const { context, models } = useServices()
  const store = useNotebookStore()
  const focused = useNotebook((state) => state.selected === id && state.mode === 'edit')
  const kind = useNotebook((state) => state.cells[id]?.kind)
  const reveal = useNotebook((state) => (state.reveal?.cellId === id ? state.reveal : undefined))

  useEffect(() => {
    const element = host.current!
    const model = models.of(monaco, id)
    const editor = monaco.editor.create(element, {
      ...OPTIONS,
      model,
      ariaLabel: label,
      // Prose wraps, code does not.
      wordWrap: model.getLanguageId() === 'typescript' ? 'off' : 'on',
    })
    model.updateOptions(MODEL_OPTIONS)
    editorRef.current = editor
    const view = models.view(id)
    if (view) editor.restoreViewState(view)

    const fit = () => {
      const height = editor.getContentHeight()
      element.style.height = `${height}px`
      editor.layout({ width: element.clientWidth, height })
    }
    fit()
    editor.onDidContentSizeChange(fit)
    const observer = new ResizeObserver(fit)
    observer.observe(element)

    editor.onDidFocusEditorText(() => {
      const { selected, mode } = store.getState()
      if (selected !== id || mode !== 'edit') store.setState({ selected: id, mode: 'edit' })
    })
    for (const [keys, command] of bindingsOf('edit')) {
      editor.addAction({
        id: command.id,
        label: command.title,
        keybindings: [monacoKeys(monaco, keys)],
        // Escape first closes what is open inside the editor.
        ...(keys === 'escape' ? { precondition: ESCAPE_LEAVES } : {}),
        run: () => runCommand(command, context),
      })
    }
    // On Linux Monaco's own key opens the browser's tools instead.
    editor.addAction({
      id: 'cell.format',
      label: 'Format the cell',
      keybindings: [monaco.KeyMod.Shift | monaco.KeyMod.Alt | monaco.KeyCode.KeyF],
      run: (own) => own.getAction('editor.action.formatDocument')?.run(),
    })
    for (const [by, key] of [
      [-1, monaco.KeyCode.UpArrow],
      [1, monaco.KeyCode.DownArrow],
    ] as const) {
      editor.addAction({
        id: by < 0 ? 'cell.cross-up' : 'cell.cross-down',
        label: by < 0 ? 'To the cell above' : 'To the cell below',
        keybindings: [key],
        precondition: CROSSES,
        run: () => {
          const edge = by < 0 ? 1 : model.getLineCount()
          if (editor.getPosition()?.lineNumber === edge && cross(store, id, by)) return
          editor.trigger('keyboard', by < 0 ? 'cursorUp' : 'cursorDown', undefined)
        },
      })
    }
    return () => {
      observer.disconnect()
      models.keepView(id, editor.saveViewState())
      editor.dispose()
      editorRef.current = undefined
    }
  }, [id, label, monaco, models, context, store])

  useEffect(() => {
    if (kind) models.of(monaco, id)
  }, [kind, id, monaco, models])

  useEffect(() => {
    if (focused) editorRef.current?.focus()
  }, [focused])

  useEffect(() => {
    if (!reveal) return
    editorRef.current?.setPosition({ lineNumber: reveal.line, column: reveal.column })
    editorRef.current?.focus()
    host.current?.scrollIntoView({ block: 'center' })
    flashLine(monaco, editorRef.current, reveal.line)
    store.setState({ reveal: undefined })
  }, [reveal, monaco, store])

  return <div ref={host} className="w-full" style={{ minHeight: LINE_HEIGHT + 2 * PADDING }} />
}

const ESCAPE_LEAVES =
  '!suggestWidgetVisible && !findWidgetVisible && !renameInputVisible && !parameterHintsVisible && !inSnippetMode && !editorHasMultipleSelections'

const CROSSES = '!suggestWidgetVisible && !parameterHintsVisible && !renameInputVisible && editorTextFocus'

/** Goes on in the neighbouring cell; false when there is none. A text cell is selected, not opened. */
function cross(store: NotebookStore, id: string, by: 1 | -1): boolean {
  const state = store.getState()
  const next = neighbour(state, id, by)
  if (next === undefined || next === id) return false
  store.setState({ selected: next, mode: state.cells[next]?.kind === 'code' ? 'edit' : 'command' })
  return true
}

const OPTIONS: Parameters<Monaco['editor']['create']>[1] = {
  ...FONT,
  fontLigatures: false,
  minimap: { enabled: false },
  lineNumbers: 'off',
  glyphMargin: false,
  folding: false,
  lineDecorationsWidth: 12,
  lineNumbersMinChars: 0,
  padding: { top: PADDING, bottom: PADDING },
  scrollBeyondLastLine: false,
  scrollBeyondLastColumn: 2,
  overviewRulerLanes: 0,
  hideCursorInOverviewRuler: true,
  overviewRulerBorder: false,
  renderLineHighlight: 'none',
  fixedOverflowWidgets: true,
  scrollbar: {
    vertical: 'hidden',
    horizontal: 'auto',
    horizontalScrollbarSize: 8,
    alwaysConsumeMouseWheel: false,
    useShadows: false,
  },
  // The language service knows the names; words would only stand between them.
  wordBasedSuggestions: 'off',
  suggest: { showWords: false, showStatusBar: false },
  quickSuggestions: { other: true, strings: false, comments: false },
  bracketPairColorization: { enabled: false },
  guides: { indentation: false },
  contextmenu: true,
  accessibilitySupport: 'auto',
  occurrencesHighlight: 'singleFile',
}

/** A binding of the command table as Monaco's number. */
function monacoKeys(monaco: Monaco, keys: string): number {
  return keys.split('+').reduce((sum, part) => {
    if (part === 'mod') return sum | monaco.KeyMod.CtrlCmd
    if (part === 'alt') return sum | monaco.KeyMod.Alt
    if (part === 'shift') return sum | monaco.KeyMod.Shift
    if (part === 'enter') return sum | monaco.KeyCode.Enter
    if (part === 'escape') return sum | monaco.KeyCode.Escape
    if (part === '-') return sum | monaco.KeyCode.Minus
    return sum | (monaco.KeyCode as unknown as Record<string, number>)[`Key${part.toUpperCase()}`]!
  }, 0)
}

function flashLine(monaco: Monaco, editor: CodeEditor | undefined, line: number): void {
  const marks = editor?.createDecorationsCollection([
    { range: new monaco.Range(line, 1, line, 1), options: { isWholeLine: true, className: 'mayfly-line-flash' } },
  ])
  setTimeout(() => marks?.clear(), 1600)
}
