import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MayflyError } from '../errors.js'
import { fromEnvironment, variableOf } from './environment.js'
import { candidates, readConfigFile } from './file.js'
import { notebookSettings } from './notebook.js'
import { configInForce } from './resolve.js'
import { withoutSecrets } from './secrets.js'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mayfly-config-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function folder(name: string, files: Record<string, string> = {}): string {
  const path = join(root, name)
  mkdirSync(path, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  return path
}
const env = () => ({ XDG_CONFIG_HOME: join(root, 'nowhere') }) as NodeJS.ProcessEnv

function errorOf(run: () => unknown): MayflyError {
  try {
    run()
  } catch (error) {
    return error as MayflyError
  }
  throw new Error('nothing was thrown')
}

describe('environment', () => {
  it('names the variable of an option', () => {
    expect(variableOf('runtimeMemory')).toBe('MAYFLY_RUNTIME_MEMORY')
    expect(variableOf('workers')).toBe('MAYFLY_WORKERS')
  })

  it('reads numbers, booleans, objects and text', () => {
    const found = fromEnvironment(
      {
        MAYFLY_WORKERS: '3',
        MAYFLY_PROGRESS: 'false',
        MAYFLY_RETRY: '{"attempts":2}',
        MAYFLY_NAME: '3 blind mice',
        OTHER: '1',
      },
      ['workers', 'progress', 'retry', 'name', 'timeout'],
    )
    expect(found).toEqual({ workers: 3, progress: false, retry: { attempts: 2 }, name: '3 blind mice' })
  })

  it('takes an empty variable for none', () => {
    expect(fromEnvironment({ MAYFLY_WORKERS: '' }, ['workers'])).toEqual({})
  })
})

describe('search order', () => {
  it('is argument, environment, file', () => {
    const cwd = folder('order', { 'mayfly.config.json': '{"workers":1,"timeout":10,"name":"file"}' })
    const { options, sources } = configInForce(
      { workers: 3 },
      { cwd, env: { ...env(), MAYFLY_WORKERS: '2', MAYFLY_TIMEOUT: '20' } },
    )
    expect(options).toEqual({ workers: 3, timeout: 20, name: 'file' })
    expect(sources).toEqual({
      workers: 'argument',
      timeout: 'environment MAYFLY_TIMEOUT',
      name: `file ${join(cwd, 'mayfly.config.json')}`,
    })
  })

  it('puts the notebook between argument and environment', () => {
    const cwd = folder('notebook', { 'mayfly.config.json': '{"workers":1,"backend":"localhost"}' })
    const notebook = notebookSettings({ mayfly: { backend: 'aws_lambda', workers: 5, budget: { usd: 1 }, home: '/' } })
    const { options, sources } = configInForce(
      { workers: 3 },
      { cwd, env: { ...env(), MAYFLY_BACKEND: 'localhost', MAYFLY_WORKERS: '2' }, notebook },
    )
    expect(options).toEqual({ backend: 'aws_lambda', workers: 3, budget: { usd: 1 } })
    expect(sources).toEqual({ backend: 'notebook', workers: 'argument', budget: 'notebook' })
  })

  it('refuses bad values of a notebook and says where they are', () => {
    const notebook = notebookSettings({ mayfly: { workers: 'many' } })
    const error = errorOf(() => configInForce({}, { cwd: folder('bare'), env: env(), notebook }))
    expect(error).toMatchObject({ code: 'E_CONFIG_VALUE', where: { key: 'workers' } })
    expect(error.message).toMatch(/^notebook: /)
    expect(error.hint).toContain('toolbar')
  })

  it('takes nothing from metadata that holds no settings', () => {
    for (const mayfly of [undefined, null, 3, 'x', [], { other: 1, backend: null }])
      expect(notebookSettings({ mayfly })).toEqual({})
  })

  it('takes the nearest file on the way up', () => {
    folder('up', { 'mayfly.config.json': '{"workers":1}' })
    const inner = folder('up/a', { 'mayfly.config.json': '{"workers":2}' })
    const cwd = folder('up/a/b/c')
    expect(configInForce({}, { cwd, env: env() })).toMatchObject({
      options: { workers: 2 },
      file: join(inner, 'mayfly.config.json'),
    })
  })

  it('ends at the own file of the user', () => {
    const own = folder('own/mayfly', { 'config.json': '{"workers":5}' })
    const cwd = folder('empty')
    const all = candidates(cwd, { XDG_CONFIG_HOME: join(root, 'own') })
    expect(all.at(-1)).toBe(join(own, 'config.json'))
    expect(configInForce({}, { cwd, env: { XDG_CONFIG_HOME: join(root, 'own') } }).options).toEqual({ workers: 5 })
  })

  it('follows MAYFLY_CONFIG, and says when it leads nowhere', () => {
    const cwd = folder('named', { 'mayfly.config.json': '{"workers":1}', 'other.json': '{"workers":7}' })
    expect(configInForce({}, { cwd, env: { ...env(), MAYFLY_CONFIG: 'other.json' } }).options).toEqual({ workers: 7 })
    const error = errorOf(() => configInForce({}, { cwd, env: { ...env(), MAYFLY_CONFIG: 'gone.json' } }))
    expect(error).toMatchObject({ code: 'E_CONFIG_FILE', where: { file: join(cwd, 'gone.json') } })
  })

  it('an undefined argument hides nothing', () => {
    const cwd = folder('hides', { 'mayfly.config.json': '{"workers":4}' })
    expect(configInForce({ workers: undefined as never }, { cwd, env: env() }).options).toEqual({ workers: 4 })
  })
})

describe('storage of functions on Lambda', () => {
  const section = '{"aws_s3":{"region":"eu-central-1","bucket":"mine"}}'
  const whole = { backend: 'aws_s3', region: 'eu-central-1', bucket: 'mine' }

  it('is the section aws_s3, for them and where it is named, and for nobody else', () => {
    const cwd = folder('s3', { 'mayfly.config.json': section })
    const storageOf = (notebook: object) => configInForce({}, { cwd, env: env(), notebook }).options.storage
    expect(storageOf({ backend: 'aws_lambda' })).toEqual(whole)
    expect(storageOf({ storage: 'aws_s3' })).toEqual(whole)
    expect(storageOf({ backend: 'aws_lambda', storage: 'redis' })).toBe('redis')
    expect(storageOf({})).toBeUndefined()
    const { sources } = configInForce({ backend: 'aws_lambda' }, { cwd, env: env() })
    expect(sources.storage).toBe(`file ${join(cwd, 'mayfly.config.json')}`)
  })

  it('keeps options given further back where it is named again', () => {
    const cwd = folder('again', { 'mayfly.config.json': JSON.stringify({ storage: whole }) })
    const { options, sources } = configInForce({}, { cwd, env: env(), notebook: { storage: 'aws_s3' } })
    expect(options.storage).toEqual(whole)
    expect(sources.storage).toBe('notebook')
    expect(configInForce({ storage: 'localhost' }, { cwd, env: env() }).options.storage).toBe('localhost')
  })
})

describe('secrets', () => {
  it('are not shown, references and everything else are', () => {
    const shown = withoutSecrets({
      workers: 3,
      extraEnv: { PASSWORD: 'a' },
      aws_s3: { accessKeyId: 'AKIA1', secretAccessKey: '{{env.SECRET}}', profile: 'mine' },
      aws_lambda: { environment: { KEY: 'b' } },
      storage: 'redis://:hidden@host/0',
    })
    expect(shown).toEqual({
      workers: 3,
      extraEnv: ['PASSWORD'],
      aws_s3: { accessKeyId: '(not shown)', secretAccessKey: '{{env.SECRET}}', profile: 'mine' },
      aws_lambda: { environment: ['KEY'] },
      storage: 'redis://:(not shown)@host/0',
    })
    expect(withoutSecrets({ storage: 's3://b?secretAccessKey=x&region=r' })).toEqual({
      storage: 's3://b?secretAccessKey=(not shown)&region=r',
    })
  })
})

describe('files', () => {
  it('may be TypeScript that imports its neighbours and packages', () => {
    const cwd = folder('typed', {
      'mayfly.config.ts': `import { cpus } from 'node:os'\nimport { limit } from './limit.ts'\nconst workers: number = limit satisfies number\nexport default { workers, name: typeof cpus }`,
      'limit.ts': 'export const limit = 6 as const',
    })
    expect(configInForce({}, { cwd, env: env() }).options).toEqual({ workers: 6, name: 'function' })
  })

  it('take home from their own folder', () => {
    const cwd = folder('home', { 'mayfly.config.json': '{"home":"state"}' })
    expect(configInForce({}, { cwd: folder('home/deep'), env: env() }).options.home).toBe(join(cwd, 'state'))
  })

  it('are read again once they change', () => {
    const path = join(folder('changing'), 'mayfly.config.json')
    writeFileSync(path, '{"workers":1}')
    expect(readConfigFile(path)).toEqual({ workers: 1 })
    writeFileSync(path, '{"workers":2}')
    utimesSync(path, new Date(), new Date(Date.now() + 5000))
    expect(readConfigFile(path)).toEqual({ workers: 2 })
  })

  it.each([
    ['broken.json', '{"workers":', 'E_CONFIG_FILE', 'broken.json'],
    ['list.json', '[1]', 'E_CONFIG_FILE', 'one object'],
    ['throws.ts', 'throw new Error("no luck")', 'E_CONFIG_FILE', 'no luck'],
    ['syntax.ts', 'export default {', 'E_CONFIG_FILE', 'syntax.ts'],
    ['number.mjs', 'export default 3', 'E_CONFIG_FILE', 'default export'],
    ['unknown.json', '{"wrokers":3}', 'E_CONFIG_UNKNOWN_KEY', 'unknown.json'],
    ['value.json', '{"workers":"many"}', 'E_CONFIG_VALUE', 'value.json'],
  ])('%s is refused with its name', (file, text, code, part) => {
    const cwd = folder('bad', { [file]: text })
    const error = errorOf(() => configInForce({}, { cwd, env: { ...env(), MAYFLY_CONFIG: file } }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(part)
    expect(error.hint).toBeTruthy()
  })

  it('names the nearest key, and the variable of a bad value', () => {
    const cwd = folder('nearest', { 'mayfly.config.json': '{"wrokers":3}' })
    expect(errorOf(() => configInForce({}, { cwd, env: env() })).hint).toContain("'workers'")
    const error = errorOf(() => configInForce({}, { cwd: folder('plain'), env: { ...env(), MAYFLY_WORKERS: 'many' } }))
    expect(error.message).toContain('MAYFLY_WORKERS')
  })
})
