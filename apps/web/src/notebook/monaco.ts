/**
 * Monaco, loaded once when the first cell comes near the screen. It is bundled beside the app (scripts/bundle-monaco.mjs),
 * so the import is hidden from Next's bundler; the types come from the package.
 */
import type * as MonacoNamespace from 'monaco-editor'
import { useSyncExternalStore } from 'react'
import { currentTheme, onThemeChange } from '../lib/theme'

export type Monaco = Pick<typeof MonacoNamespace, 'editor' | 'KeyCode' | 'KeyMod' | 'languages' | 'Range' | 'Uri'>
export type CodeEditor = MonacoNamespace.editor.IStandaloneCodeEditor
export type TextModel = MonacoNamespace.editor.ITextModel

let loading: Promise<Monaco> | undefined
let loaded: Monaco | undefined
const listeners = new Set<() => void>()

/** Loads Monaco and sets up its theme; a failed attempt may be made again. */
export function loadMonaco(): Promise<Monaco> {
  loading ??= load().catch((error) => {
    loading = undefined
    throw error
  })
  return loading
}

/** Monaco when it is there. Drawing does not wait for it. */
export function useMonaco(): Monaco | undefined {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      loadMonaco().catch(() => {})
      return () => listeners.delete(changed)
    },
    () => loaded,
    () => undefined,
  )
}

/** Calls back once Monaco is there; returns how to no longer wait. */
export function onMonaco(callback: (monaco: Monaco) => void): () => void {
  if (loaded) callback(loaded)
  const listen = () => loaded && callback(loaded)
  if (!loaded) listeners.add(listen)
  return () => listeners.delete(listen)
}

async function load(): Promise<Monaco> {
  const address = '/monaco/monaco.js'
  const [monaco] = await Promise.all([
    import(/* turbopackIgnore: true */ /* webpackIgnore: true */ address) as Promise<Monaco>,
    stylesheet('/monaco/monaco.css'),
    document.fonts.load('13px "JetBrains Mono Variable"').catch(() => {}),
  ])
  Object.assign(globalThis, {
    MonacoEnvironment: { getWorker: () => new Worker('/monaco/worker.js', { type: 'module' }) },
  })
  applyTheme(monaco)
  onThemeChange(() => applyTheme(monaco))
  loaded = monaco
  for (const changed of listeners) changed()
  return monaco
}

function stylesheet(href: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href })
    link.addEventListener('load', () => resolve())
    link.addEventListener('error', () => reject(new Error(`${href} could not be loaded`)))
    document.head.append(link)
  })
}

/** The theme is made of the page's own variables, so that code matches the rest in both. */
function applyTheme(monaco: Monaco): void {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => sixDigits(style.getPropertyValue(`--${name}`).trim())
  const bare = (name: string) => colour(name).slice(1)
  monaco.editor.defineTheme('mayfly', {
    base: currentTheme() === 'dark' ? 'vs-dark' : 'vs',
    inherit: true,
    rules: [
      { token: '', foreground: bare('ink') },
      { token: 'keyword', foreground: bare('syntax-keyword') },
      { token: 'string', foreground: bare('syntax-string') },
      { token: 'regexp', foreground: bare('syntax-string') },
      { token: 'number', foreground: bare('syntax-number') },
      // The base theme names these more exactly than `number`, and would win.
      { token: 'number.hex', foreground: bare('syntax-number') },
      { token: 'comment', foreground: bare('syntax-comment'), fontStyle: 'italic' },
      { token: 'type', foreground: bare('syntax-type') },
      { token: 'identifier', foreground: bare('ink') },
      { token: 'delimiter', foreground: bare('ink-2') },
      { token: 'keyword.md', foreground: bare('syntax-function'), fontStyle: 'bold' },
      { token: 'string.link.md', foreground: bare('syntax-type') },
    ],
    colors: {
      'editor.background': colour('surface'),
      'editor.foreground': colour('ink'),
      'editor.selectionBackground': colour('selection'),
      'editor.inactiveSelectionBackground': colour('selection'),
      'editor.wordHighlightBackground': colour('accent-soft'),
      'editor.wordHighlightStrongBackground': colour('accent-soft'),
      'editorCursor.foreground': colour('accent'),
      'editorLineNumber.foreground': colour('ink-2'),
      'editorIndentGuide.background1': colour('line'),
      'editorIndentGuide.activeBackground1': colour('line-strong'),
      'editorBracketMatch.background': colour('accent-soft'),
      'editorBracketMatch.border': colour('accent'),
      'editorWidget.background': colour('raised'),
      'editorWidget.border': colour('line'),
      'editorSuggestWidget.selectedBackground': colour('accent-soft'),
      'editorSuggestWidget.selectedForeground': colour('ink'),
      'scrollbarSlider.background': `${colour('control')}55`,
      focusBorder: colour('accent'),
    },
  })
  monaco.editor.setTheme('mayfly')
}

/** Monaco knows only `#rrggbb`; the build shortens colours where it can. */
function sixDigits(colour: string): string {
  return colour.length === 4 ? `#${[...colour.slice(1)].map((digit) => digit + digit).join('')}` : colour
}
