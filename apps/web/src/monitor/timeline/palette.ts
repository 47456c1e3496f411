/** Colours for canvases, read from the page's CSS variables. */
export interface Palette {
  phases: string[]
  failed: string
  cancelled: string
  grid: string
  line: string
  ink: string
  faint: string
  surface: string
  accent: string
  font: string
}

/** Reads the palette in force at an element. Costs a style computation: once for each change of theme. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const read = (name: string) => style.getPropertyValue(name).trim() || '#808080'
  return {
    phases: [0, 1, 2, 3, 4, 5, 6].map((phase) => read(`--phase-${phase}`)),
    failed: read('--phase-failed'),
    cancelled: read('--phase-cancelled'),
    grid: read('--chart-grid'),
    line: read('--line-strong'),
    ink: read('--ink'),
    faint: read('--ink-2'),
    surface: read('--surface'),
    accent: read('--accent'),
    font: style.fontFamily || 'sans-serif',
  }
}
