// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { renderMath } from './katex'
import { renderMarkdown } from './markdown'

const formulas = (text: string) => {
  const found: string[] = []
  renderMarkdown(text, (tex, display) => {
    found.push(`${display ? 'block' : 'line'} ${tex.trim()}`)
    return ''
  })
  return found
}

it.each([
  ['mass $m/z$ and $\\alpha_1 < 2$', ['line m/z', 'line \\alpha_1 < 2']],
  ['costs $5 and $6', []],
  ['a $ b $ c', []],
  ['See\n\n$$\nE = mc^2\n$$', ['block E = mc^2']],
  ['in text $$x$$ too', ['block x']],
  ['\\(a_b\\) and \\[c*d*e\\]', ['line a_b', 'block c*d*e']],
  ['`$x$`\n\n```\n$y$\n```', []],
  ['$a$1', []],
  ['# Title $n$\n\n- item $k$', ['line n', 'line k']],
])('finds the formulas in %j', (text, wanted) => expect(formulas(text)).toEqual(wanted))

it('keeps a formula as text until it can be set', () => {
  expect(renderMarkdown('$a<b$')).toContain('a&lt;b')
})

it('sets no link and no script, whatever the formula says', () => {
  const html = renderMarkdown(
    '$\\href{javascript:alert(1)}{x}$ $\\includegraphics{http://x/y.png}$ $<img src=x onerror=alert(1)>$',
    renderMath,
  )
  const holder = document.createElement('div')
  holder.innerHTML = html
  expect(holder.querySelectorAll('a, img, script')).toHaveLength(0)
})

it('shows a wrong formula and what is wrong with it', () => {
  expect(renderMath('\\frac{1', false)).toContain('katex-error')
})

it('names the boxes of task lists, and pictures without words are decoration', () => {
  const holder = document.createElement('div')
  holder.innerHTML = renderMarkdown('- [ ] one\n- [x] two\n\n<img src="a.png"> ![words](b.png)')
  expect([...holder.querySelectorAll('input')].map((box) => box.getAttribute('aria-label'))).toEqual(['To do', 'Done'])
  expect([...holder.querySelectorAll('img')].map((picture) => picture.alt)).toEqual(['', 'words'])
})
