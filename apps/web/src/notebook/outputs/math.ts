/** KaTeX, loaded when the first formula is shown, with its fonts from this server. */
import { useSyncExternalStore } from 'react'
import type { RenderMath } from './katex'

let loading: Promise<void> | undefined
let loaded: RenderMath | undefined
const listeners = new Set<() => void>()

/** How to set formulas, once KaTeX is there; asks for it only when `wanted`. */
export function useMath(wanted: boolean): RenderMath | undefined {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      if (wanted) loadMath().catch(() => {})
      return () => listeners.delete(changed)
    },
    () => (wanted ? loaded : undefined),
    () => undefined,
  )
}

/** Loads KaTeX; a failed attempt may be made again. */
export function loadMath(): Promise<void> {
  loading ??= import('./katex')
    .then(({ renderMath }) => {
      loaded = renderMath
      for (const changed of listeners) changed()
    })
    .catch((error) => {
      loading = undefined
      throw error
    })
  return loading
}
