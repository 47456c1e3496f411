'use client'
import DOMPurify from 'dompurify'
import { Marked, type TokenizerAndRendererExtension } from 'marked'
import { useMemo } from 'react'
import type { RenderMath } from './katex'
import { useMath } from './math'

/** `$$…$$` and `\[…\]` over any number of lines; `$…$` (no space inside its dollar signs, no digit after) and `\(…\)` in a line. */
const BLOCK_MATH = /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])(?:[ \t]*(?:\n|$))/
const INLINE_MATH =
  /^(?:\$\$([^$]+?)\$\$|\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\])/

const mathBlock: TokenizerAndRendererExtension = {
  name: 'mathBlock',
  level: 'block',
  start: (source) => source.match(/(?:^|\n)(?:\$\$|\\\[)/)?.index,
  tokenizer(source) {
    const match = BLOCK_MATH.exec(source)
    return match ? { type: 'mathBlock', raw: match[0], tex: match[1] ?? match[2] } : undefined
  },
  renderer: ({ tex }) => placeholder(tex, true),
}

const mathInline: TokenizerAndRendererExtension = {
  name: 'mathInline',
  level: 'inline',
  start: (source) => source.match(/\$|\\\(|\\\[/)?.index,
  tokenizer(source) {
    const match = INLINE_MATH.exec(source)
    if (!match) return undefined
    const display = match[1] !== undefined || match[4] !== undefined
    return { type: 'mathInline', raw: match[0], tex: match[1] ?? match[2] ?? match[3] ?? match[4], display }
  },
  renderer: ({ tex, display }) => placeholder(tex, display),
}

const marked = new Marked({ gfm: true, breaks: false, async: false }, { extensions: [mathBlock, mathInline] })

/** The place of a formula: KaTeX sets it after everything else has been purified. */
function placeholder(tex: string, display: boolean): string {
  const escaped = tex.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
  return display ? `<div data-math="display">${escaped}</div>` : `<span data-math="inline">${escaped}</span>`
}

/** HTML of a Markdown text, purified; links open outside the notebook. Formulas stay as they are written without `math`. */
export function renderMarkdown(text: string, math?: RenderMath): string {
  const html = DOMPurify.sanitize(marked.parse(text) as string, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form'],
  })
  const holder = document.createElement('template')
  holder.innerHTML = html
  for (const link of holder.content.querySelectorAll('a[href]')) {
    if (link.getAttribute('href')!.startsWith('#')) continue
    link.setAttribute('target', '_blank')
    link.setAttribute('rel', 'noopener noreferrer')
  }
  for (const box of holder.content.querySelectorAll<HTMLInputElement>('input[type=checkbox]')) {
    box.setAttribute('aria-label', box.hasAttribute('checked') ? 'Done' : 'To do')
  }
  // Without a word for it a picture counts as decoration, or its address would be read out.
  for (const picture of holder.content.querySelectorAll('img:not([alt])')) picture.setAttribute('alt', '')
  for (const place of holder.content.querySelectorAll('[data-math]')) {
    if (math) place.innerHTML = math(place.textContent ?? '', place.getAttribute('data-math') === 'display')
  }
  return holder.innerHTML
}

/** Markdown text, set as prose. */
export function MarkdownOutput({ text }: { text: string }) {
  const math = useMath(/\$|\\\(|\\\[/.test(text))
  const html = useMemo(() => renderMarkdown(text, math), [text, math])
  // biome-ignore lint/security/noDangerouslySetInnerHtml: purified just above
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
}
