'use client'
import { useMemo } from 'react'
import { useMath } from './math'

/** A LaTeX output: a formula with or without its dollar signs. Shown as it is written until KaTeX has come. */
export function LatexOutput({ text }: { text: string }) {
  const math = useMath(true)
  const html = useMemo(() => math?.(stripDelimiters(text), true), [math, text])
  if (html === undefined) return <pre className="whitespace-pre-wrap text-[12.5px]">{text}</pre>
  return (
    <div
      className="overflow-x-auto py-1 text-left [&_.katex-display]:m-0 [&_.katex-display]:text-left"
      // biome-ignore lint/security/noDangerouslySetInnerHtml: KaTeX escapes what it is given, and is not trusted with commands
      dangerouslySetInnerHTML={{ __html: html }}
    />
  )
}

/** The formula without `$$…$$`, `$…$`, `\[…\]` or `\(…\)` around it. */
export function stripDelimiters(text: string): string {
  const tex = text.trim()
  for (const [open, close] of [
    ['$$', '$$'],
    ['\\[', '\\]'],
    ['\\(', '\\)'],
    ['$', '$'],
  ] as const) {
    if (tex.length >= open.length + close.length && tex.startsWith(open) && tex.endsWith(close))
      return tex.slice(open.length, -close.length)
  }
  return tex
}
