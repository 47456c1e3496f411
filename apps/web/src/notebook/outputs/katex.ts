import 'katex/dist/katex.min.css'
import katex from 'katex'

/** HTML of a formula; one that is wrong is shown in red with what is wrong. */
export type RenderMath = (tex: string, display: boolean) => string

/** Formulas come from notebooks of others: no links, no images, no endless macros, no letters as large as the page. */
export const renderMath: RenderMath = (tex, displayMode) =>
  katex.renderToString(tex, {
    displayMode,
    throwOnError: false,
    errorColor: 'var(--bad)',
    strict: false,
    trust: false,
    maxExpand: 1000,
    maxSize: 40,
  })
