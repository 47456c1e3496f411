/** Which folder may import which (docs/architecture.md). A new edge is a decision: add it here with the reason, or not at all. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** For each workspace: the workspace packages it may import, and under which subpaths when limited. */
const ALLOWED: Record<string, RegExp[]> = {
  'packages/executor': [],
  'packages/pipeline': [/^@mayfly\/executor/],
  'apps/runner': [/^@mayfly\/executor/, /^@mayfly\/pipeline\/package\.json$/],
  'apps/web': [/^@mayfly\/executor\/(events|errors|prices\.json)$/, /^@mayfly\/pipeline\/types$/],
}

/** Layers inside the web app; a file may import its own layer's folder and the layers to the right of it. */
const WEB_LAYERS = [['app'], ['notebook', 'monitor', 'settings'], ['ui'], ['lib']]
const WEB_SERVER_CLIENTS = new Set(['app', 'server', 'lib'])

/** Entry points that a browser loads: nothing from Node may be reachable. */
const BROWSER_SAFE = [
  'packages/executor/src/events.ts',
  'packages/executor/src/errors.ts',
  'packages/pipeline/src/types.ts',
]

const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .map((file) => join(folder, file))

interface Import {
  specifier: string
  typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const found: Import[] = []
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s+['"]([^'"]+)['"]/gm))
    found.push({ specifier: match[2]!, typeOnly: Boolean(match[1]) })
  for (const match of text.matchAll(/(?:^\s*import\s+|\bimport\()\s*['"]([^'"]+)['"]/gm))
    found.push({ specifier: match[1]!, typeOnly: false })
  return found
}

describe('import directions', () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    it(`${folder} imports only the workspaces it may`, () => {
      const own = `@mayfly/${folder.split('/')[1]}`
      const wrong = sources(`${folder}/src`).flatMap((file) =>
        importsOf(file)
          .map(({ specifier }) => specifier)
          .filter((specifier) => specifier.startsWith('@mayfly/') && !specifier.startsWith(own))
          .filter((specifier) => !allowed.some((pattern) => pattern.test(specifier)))
          .map((specifier) => `${file} imports ${specifier}`),
      )
      expect(wrong).toEqual([])
    })

    it(`${folder} reaches no other workspace by a relative path`, () => {
      const wrong = sources(`${folder}/src`).flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => relative(join(ROOT, folder), resolve(ROOT, dirname(file), specifier)))
          .filter((target) => target.startsWith('..'))
          .map((target) => `${file} imports ${target}`),
      )
      expect(wrong).toEqual([])
    })
  }

  it('inside web: app → feature → ui → lib, features do not import features, only app, lib and server see the server', () => {
    const layerOf = (name: string) => WEB_LAYERS.findIndex((layer) => layer.includes(name))
    const base = 'apps/web/src'
    const wrong: string[] = []
    for (const file of sources(base)) {
      const from = relative(base, file).split('/')[0]!
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (!specifier.startsWith('.') && !specifier.startsWith('@/')) continue
        const path = specifier.startsWith('@/')
          ? specifier.slice(2)
          : relative(resolve(ROOT, base), resolve(ROOT, dirname(file), specifier))
        const to = path.split('/')[0]!
        const edge = `${file} imports ${specifier}`
        if (to === from || typeOnly) continue
        if (to === 'server') {
          if (!WEB_SERVER_CLIENTS.has(from)) wrong.push(edge)
        } else if (from !== 'server' && layerOf(to) <= layerOf(from)) wrong.push(edge)
      }
    }
    expect(wrong).toEqual([])
  })

  it.each(BROWSER_SAFE)('%s reaches nothing of Node', (entry) => {
    const builtins = new Set(builtinModules)
    const seen = new Set<string>()
    const wrong: string[] = []
    const visit = (file: string) => {
      if (seen.has(file)) return
      seen.add(file)
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (typeOnly) continue
        if (specifier.startsWith('node:') || builtins.has(specifier)) wrong.push(`${file} imports ${specifier}`)
        if (specifier.startsWith('.')) visit(join(dirname(file), specifier.replace(/\.js$/, '.ts')))
      }
    }
    visit(entry)
    expect(wrong).toEqual([])
  })
})
