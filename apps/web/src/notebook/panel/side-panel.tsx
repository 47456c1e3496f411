'use client'
import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { IconButton } from '../../ui/button'
import { Tabs } from '../../ui/tabs'
import { TOP_BAR_HEIGHT } from '../../ui/top-bar'
import { type PanelName, useNotebook, useNotebookStore } from '../store'
import { HistoryPanel } from './history'
import { OutlinePanel } from './outline'
import { VariablesPanel } from './variables'

const TITLES: Record<PanelName, string> = { variables: 'Variables', outline: 'Outline', history: 'History' }
const PANELS: Record<PanelName, () => React.ReactNode> = {
  variables: () => <VariablesPanel />,
  outline: () => <OutlinePanel />,
  history: () => <HistoryPanel />,
}
/** Height of the notebook's own bar, CSS pixels. */
const TOOLBAR_HEIGHT = 45

/** Beside the cells: what the notebook holds beyond them. Esc closes it and goes back to the cells. */
export function SidePanel() {
  const store = useNotebookStore()
  const panel = useNotebook((state) => state.panel)
  const element = useRef<HTMLElement>(null)
  const open = panel !== undefined
  useEffect(() => {
    if (open) element.current?.querySelector<HTMLElement>('[role="tab"][data-state="active"]')?.focus()
  }, [open])
  if (!panel) return null
  const close = () => {
    store.setState({ panel: undefined })
    document.querySelector<HTMLElement>('[data-testid="cell"][data-selected]')?.focus({ preventScroll: true })
  }
  const top = TOP_BAR_HEIGHT + TOOLBAR_HEIGHT
  return (
    <aside
      ref={element}
      aria-label="Side panel"
      data-testid="side-panel"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.preventDefault()
        close()
      }}
      className="fixed right-0 z-20 w-[30rem] max-w-[92vw] shrink-0 overflow-auto border-line border-l bg-surface px-3 pt-1 pb-6 shadow-float lg:sticky lg:z-0 lg:max-w-[42vw] lg:shadow-none"
      style={{ top, height: `calc(100dvh - ${top}px)` }}
    >
      <IconButton small label="Close the panel" keys="escape" className="absolute top-2 right-2 z-10" onClick={close}>
        <X size={14} />
      </IconButton>
      <Tabs
        label="Side panel"
        value={panel}
        onChange={(name) => store.setState({ panel: name as PanelName })}
        tabs={(Object.keys(TITLES) as PanelName[]).map((name) => ({
          id: name,
          title: TITLES[name],
          content: panel === name ? PANELS[name]() : null,
        }))}
      />
    </aside>
  )
}
