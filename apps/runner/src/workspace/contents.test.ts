import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Contents } from './contents.js'
import { Uploads } from './uploads.js'
import { Workspace } from './workspace.js'

let root: string
let outside: string
let workspace: Workspace
let contents: Contents

beforeEach(() => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-contents-')))
  root = join(base, 'ws')
  outside = join(base, 'outside')
  for (const folder of [root, outside, join(root, '.mayfly'), join(root, 'sub')]) mkdirSync(folder)
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(root, '.mayfly', 'state'), 'state')
  workspace = new Workspace(root, join(root, '.mayfly'))
  contents = new Contents(workspace)
})

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('what lies outside', () => {
  beforeEach(() => {
    symlinkSync(outside, join(root, 'out'))
    symlinkSync(join(outside, 'secret'), join(root, 'leak.txt'))
    symlinkSync(join(outside, 'not-yet'), join(root, 'dangling.txt'))
    symlinkSync(join(root, '.mayfly'), join(root, 'state'))
    symlinkSync(join(root, 'sub'), join(root, 'inside'))
  })

  test.each(['out', 'out/secret', 'out/new.txt', 'leak.txt', 'dangling.txt'])('%s is refused', async (path) => {
    await expect(contents.get(path)).rejects.toThrow(code('E_PATH_OUTSIDE'))
    await expect(contents.save(path, { type: 'file', format: 'text', content: 'x' })).rejects.toThrow(
      code('E_PATH_OUTSIDE'),
    )
    await expect(contents.rename('sub', path)).rejects.toThrow(code('E_PATH_OUTSIDE'))
    await expect(contents.copy(path, '')).rejects.toThrow(code('E_PATH_OUTSIDE'))
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(readdirSync(outside)).toEqual(['secret'])
  })

  test.each(['.mayfly', '.mayfly/state', '.MAYFLY/state', 'state', 'state/state'])(
    '%s is as if not there',
    async (path) => {
      await expect(contents.get(path)).rejects.toThrow(code('E_NOT_FOUND'))
      await expect(contents.save(path, { type: 'file', format: 'text', content: 'x' })).rejects.toThrow(
        code('E_NOT_FOUND'),
      )
    },
  )

  test('listings leave it out, links inside stay', async () => {
    const model = await contents.get('')
    expect((model.content as { name: string }[]).map(({ name }) => name)).toEqual(['inside', 'sub'])
  })

  test('writing through a link inside keeps the link', async () => {
    writeFileSync(join(root, 'real.txt'), 'old')
    symlinkSync(join(root, 'real.txt'), join(root, 'link.txt'))
    await contents.save('link.txt', { type: 'file', format: 'text', content: 'new' })
    expect(readFileSync(join(root, 'real.txt'), 'utf8')).toBe('new')
  })

  test('no path whatever reads or writes anything outside', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      'out',
      'secret',
      'sub',
      'leak.txt',
      'dangling.txt',
      'inside',
      '%2e%2e',
      '',
      '\\',
      'x',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const path = parts.join('/')
        const model = await contents.get(path).catch(() => undefined)
        expect(model?.content).not.toBe('secret')
        await contents.save(path, { type: 'file', format: 'text', content: 'x' }).catch(() => undefined)
        expect(readdirSync(outside)).toEqual(['secret'])
        expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
      }),
    )
  })
})

describe('files', () => {
  test('any text and any bytes come back, and nothing else is left behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.uint8Array(), async (text, bytes) => {
        await contents.save('a.txt', { type: 'file', format: 'text', content: text })
        expect((await contents.get('a.txt', { format: 'text' })).content).toBe(text)
        const content = Buffer.from(bytes).toString('base64')
        await contents.save('b.bin', { type: 'file', format: 'base64', content })
        expect((await contents.get('b.bin', { format: 'base64' })).content).toBe(content)
        expect(readdirSync(root).sort()).toEqual(['.mayfly', 'a.txt', 'b.bin', 'sub'])
      }),
      { numRuns: 30 },
    )
  })

  test('a file keeps its mode', async () => {
    writeFileSync(join(root, 'run.sh'), '', { mode: 0o755 })
    await contents.save('run.sh', { type: 'file', format: 'text', content: 'x' })
    expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o755)
  })

  test('content=0 leaves the content out, hash=1 adds the hash', async () => {
    writeFileSync(join(root, 'a.csv'), 'a,b\n')
    expect(await contents.get('a.csv', { content: false, hash: true })).toMatchObject({
      type: 'file',
      content: null,
      format: null,
      mimetype: 'text/csv',
      size: 4,
      hash: '5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313',
      hash_algorithm: 'sha256',
    })
  })

  test('types and formats that do not fit are refused', async () => {
    writeFileSync(join(root, 'bin'), Buffer.from([0xff, 0xfe]))
    await expect(contents.get('sub', { type: 'file' })).rejects.toThrow(code('E_FILE_TYPE'))
    await expect(contents.get('bin', { type: 'directory' })).rejects.toThrow(code('E_FILE_TYPE'))
    await expect(contents.get('bin', { format: 'text' })).rejects.toThrow(code('E_FILE_TYPE'))
    expect((await contents.get('bin')).format).toBe('base64')
    await expect(contents.get('none')).rejects.toThrow(code('E_NOT_FOUND'))
    await expect(contents.save('no/such/folder.txt', { type: 'file', content: '' })).rejects.toThrow(
      code('E_NOT_FOUND'),
    )
  })

  test('new, copy, rename, delete', async () => {
    const names = []
    for (const type of ['notebook', 'notebook', 'file', 'directory', 'directory'] as const)
      names.push((await contents.newUntitled('sub', type, '.ts')).path)
    expect(names).toEqual([
      'sub/Untitled.ipynb',
      'sub/Untitled1.ipynb',
      'sub/untitled.ts',
      'sub/Untitled Folder',
      'sub/Untitled Folder 1',
    ])
    expect((await contents.copy('sub/Untitled.ipynb', '')).path).toBe('Untitled.ipynb')
    expect((await contents.copy('sub/Untitled.ipynb', '')).path).toBe('Untitled-Copy1.ipynb')
    await expect(contents.rename('Untitled.ipynb', 'Untitled-Copy1.ipynb')).rejects.toThrow(code('E_FILE_EXISTS'))
    expect((await contents.rename('Untitled.ipynb', 'sub/moved.ipynb')).path).toBe('sub/moved.ipynb')
    await expect(contents.delete('sub')).rejects.toThrow(code('E_FOLDER_NOT_EMPTY'))
    await contents.delete('sub/moved.ipynb')
    await contents.delete('sub/Untitled Folder')
    await expect(contents.delete('')).rejects.toThrow(code('E_PATH_INVALID'))
  })
})

describe('uploads', () => {
  test('a file appears when its last chunk came', async () => {
    const uploads = new Uploads(workspace)
    await uploads.chunk('big.txt', { chunk: 1, format: 'text', content: 'one ' })
    await uploads.chunk('big.txt', { chunk: 2, format: 'base64', content: Buffer.from('two ').toString('base64') })
    expect(await contents.exists('big.txt')).toBe(false)
    await uploads.chunk('big.txt', { chunk: -1, format: 'text', content: 'three' })
    expect((await contents.get('big.txt')).content).toBe('one two three')
    await expect(uploads.chunk('big.txt', { chunk: 2, content: 'x' })).rejects.toThrow(code('E_REQUEST_INVALID'))
  })
})
