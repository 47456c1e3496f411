/** The theme: system, light or dark; kept in local storage, applied as `data-theme` before the first paint. */
export type ThemeChoice = 'system' | 'light' | 'dark'
export type Theme = 'light' | 'dark'

const KEY = 'mayfly-theme'
const CHANGED = 'mayfly:theme'

/** Runs inline in the head, before anything is painted, so that no page flashes in the wrong theme. */
export const THEME_SCRIPT = `(function(){var c='system';try{c=localStorage.getItem('${KEY}')||c}catch(e){}
var d=c==='dark'||(c!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.dataset.theme=d?'dark':'light'})()`

export function themeChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

/** The theme in force now. */
export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'
}

export function setTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, choice)
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
  apply(choice)
}

/** Calls back whenever the theme or the choice changes, here, in another tab or in the system; returns the way out. */
export function onThemeChange(callback: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)')
  const follow = () => apply(themeChoice())
  const storage = (event: StorageEvent) => {
    if (event.key === KEY) follow()
  }
  media.addEventListener('change', follow)
  window.addEventListener('storage', storage)
  window.addEventListener(CHANGED, callback)
  return () => {
    media.removeEventListener('change', follow)
    window.removeEventListener('storage', storage)
    window.removeEventListener(CHANGED, callback)
  }
}

function apply(choice: ThemeChoice): void {
  const dark = choice === 'dark' || (choice === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  const root = document.documentElement
  const theme = dark ? 'dark' : 'light'
  if (root.dataset.theme !== theme) {
    // All at once: colours that fade from one theme to the other are unreadable on the way.
    root.dataset.themeChanging = ''
    root.dataset.theme = theme
    requestAnimationFrame(() => requestAnimationFrame(() => delete root.dataset.themeChanging))
  }
  window.dispatchEvent(new Event(CHANGED))
}
