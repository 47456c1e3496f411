/** axe over a page. The file of axe-core is injected: nothing is fetched; the test needs `bypassCSP`. */
import { createRequire } from 'node:module'
import type { Page } from 'playwright/test'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Violation {
  id: string
  help: string
  nodes: { target: string[] }[]
}

/** What is against WCAG 2.2 AA on the page as it is now, a line for each place. */
export async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE })
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await axe.run({ runOnly: { type: 'tag', values: tags } })).violations
  })
  return found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help} at ${node.target.join(' ')}`))
}
