'use client'
import DOMPurify from 'dompurify'
import { Marked } from 'marked'
import { useMemo } from 'react'

const marked = new Marked({ gfm: true, breaks: false, async: false })

/** HTML of a Markdown text, purified; links open outside the notebook. */
export function renderMarkdown(text: string): string {
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
  return holder.innerHTML
}

/** Markdown text, set as prose. */
export function MarkdownOutput({ text }: { text: string }) {
  const html = useMemo(() => renderMarkdown(text), [text])
  // biome-ignore lint/security/noDangerouslySetInnerHtml: purified just above
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
}
