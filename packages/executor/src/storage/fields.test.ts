import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { checkFields } from './fields.js'

const FIELDS = { name: 'text', bucket: 'string', fast: 'boolean', endpoint: 'http url' } as const
const code = (wanted: string) => expect.objectContaining({ code: wanted })

it('takes what fits, and fields that are not given', () => {
  checkFields({ name: 'x', bucket: '', fast: false, endpoint: 'http://localhost:9000' }, FIELDS)
  checkFields({ name: undefined }, FIELDS)
})

it.each([
  { name: '' },
  { name: 1 },
  { bucket: null },
  { fast: 'yes' },
  { endpoint: 'nowhere' },
  { endpoint: 'ftp://x' },
])('refuses %j', (options) => {
  expect(() => checkFields(options, FIELDS)).toThrow(code('E_CONFIG_VALUE'))
})

it('names the nearest of an unknown field', () => {
  expect(() => checkFields({ buket: 'x' }, FIELDS)).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_UNKNOWN_KEY', hint: "Did you mean 'bucket'?" }),
  )
  expect(() => checkFields({ constructor: 'x' }, FIELDS)).toThrow(code('E_CONFIG_UNKNOWN_KEY'))
})

it('workers load no zod', () => {
  const runner = new URL('../../dist/worker/runner.js', import.meta.url).href
  const script = `import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent('export async function resolve(s, c, n) { if (s === "zod") throw new Error("zod is loaded"); return n(s, c) }'))
await import(${JSON.stringify(runner)})`
  expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })).not.toThrow()
})
