import { useEffect } from 'react'
import type { NotebookStore } from './store'

/** The tab's title: the notebook's name, with the progress of its cells while they run. */
export function useNotebookTitle(store: NotebookStore): void {
  useEffect(() => {
    const show = () => {
      const { path, cells } = store.getState()
      const code = Object.values(cells).filter((cell) => cell.kind === 'code')
      const left = code.filter((cell) => cell.state === 'running' || cell.state === 'queued').length
      const name = path
        .split('/')
        .at(-1)!
        .replace(/\.ipynb$/, '')
      const title = `${left > 0 ? `(${code.length - left}/${code.length}) ` : ''}${name} · Mayfly`
      if (document.title !== title) document.title = title
    }
    show()
    return store.subscribe(show)
  }, [store])
}
