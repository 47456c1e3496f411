/** What outputs may bring into the page, tried in a real browser: the imitations of one purify nothing. */
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FRAME_PAGE, FRAME_POLICY } from '../../../server-rules.mjs'

const executablePath = [
  process.env.CHROME_PATH,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  chromium.executablePath(),
].find((path) => path && existsSync(path))
if (!executablePath) console.log('skipped: no Chromium or Chrome on this machine')

describe.skipIf(!executablePath)('in a browser', () => {
  let browser: Browser
  let server: Server
  let page: Page

  beforeAll(async () => {
    const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    const bundle = await build({
      stdin: {
        contents: `export { renderMarkdown } from ${JSON.stringify(here('markdown.tsx'))}; export { cleanSvg } from ${JSON.stringify(here('image.tsx'))}`,
        resolveDir: here('.'),
      },
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'outputs',
      jsx: 'automatic',
      // What is purified is markup; its looks are not needed.
      loader: { '.css': 'empty' },
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    server = createServer((req, res) => {
      const frame = req.url === '/frame'
      res.writeHead(200, { 'content-type': 'text/html', ...(frame ? { 'content-security-policy': FRAME_POLICY } : {}) })
      res.end(
        frame
          ? FRAME_PAGE
          : `<!doctype html><script>${bundle.outputFiles[0]!.text.replace(/<\/script/g, '<\\/script')}</script>`,
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-background-networking', '--no-first-run'],
    })
    page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  const call = (name: 'renderMarkdown' | 'cleanSvg', text: string) =>
    page.evaluate(
      ([name, text]) =>
        (globalThis as unknown as { outputs: Record<string, (text: string) => string> }).outputs[name!]!(text!),
      [name, text],
    )

  it.each([
    '<img src=x onerror="window.hit=1">',
    '<script>window.hit=1</script>',
    '[a](javascript:window.hit=1)',
    '<a href="jav&#x09;ascript:window.hit=1">a</a>',
    '<svg><animate onbegin="window.hit=1"/></svg>',
    '<form action="https://e.org"><button>x</button></form>',
    '<iframe srcdoc="<script>parent.hit=1</script>"></iframe>',
    '<style>body{display:none}</style>',
  ])('markdown %s brings nothing that acts', async (text) => {
    const html = await call('renderMarkdown', `# Title\n\n${text}`)
    expect(html).toContain('<h1>Title</h1>')
    expect(html).not.toMatch(/onerror|onbegin|<script|javascript:|<form|<iframe|<style/i)
    const hit = await page.evaluate((html) => {
      document.body.innerHTML = html
      return new Promise((resolve) => setTimeout(() => resolve((window as { hit?: number }).hit), 30))
    }, html)
    expect(hit).toBeUndefined()
  })

  it('links of markdown open outside, and cannot reach back', async () => {
    const html = await call('renderMarkdown', '[b](https://e.org) [c](#here)')
    expect(html).toContain('<a href="https://e.org" target="_blank" rel="noopener noreferrer">b</a>')
    expect(html).toContain('<a href="#here">c</a>')
  })

  it('svg keeps its shapes and loses its scripts', async () => {
    const svg = await call(
      'cleanSvg',
      '<svg width="9" onload="hit=1"><script>hit=1</script><rect width="3"></rect></svg>',
    )
    expect(svg).toBe('<svg xmlns="http://www.w3.org/2000/svg" width="9"><rect width="3"></rect></svg>')
  })

  it('html runs its scripts in the frame, reaching neither the page nor the network, and says its height', async () => {
    const said = await page.evaluate(async () => {
      const frame = document.createElement('iframe')
      frame.setAttribute('sandbox', 'allow-scripts')
      frame.src = '/frame'
      document.body.replaceChildren(frame)
      const html = `<div style="height:321px">x</div><script>
        let reached = 'no'; try { reached = String(parent.document.title) } catch {}
        fetch('/').then(() => 'yes', () => 'no').then((fetched) => parent.postMessage({ type: 'said', reached, fetched, origin: self.origin }, '*'))
      </script>`
      const messages: Record<string, unknown>[] = []
      await new Promise<void>((resolve) => {
        addEventListener('message', (event) => {
          messages.push(event.data)
          if (event.data.type === 'mayfly:ready') {
            frame.contentWindow!.postMessage({ type: 'mayfly:html', html, theme: 'light', ink: '#000' }, '*')
          }
          const types = messages.map((message) => message.type)
          if (types.includes('said') && types.includes('mayfly:height')) resolve()
        })
      })
      return messages
    })
    expect(said.find(({ type }) => type === 'said')).toEqual({
      type: 'said',
      reached: 'no',
      fetched: 'no',
      origin: 'null',
    })
    expect(said.filter(({ type }) => type === 'mayfly:height').at(-1)!.height).toBe(321)
  })
})
