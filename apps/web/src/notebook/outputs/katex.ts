import 'katex/dist/katex.min.css'
import katex from 'katex'
import type { RenderMath } from './math'

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
