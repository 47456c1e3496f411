import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type JupyterMessage, makeHeader } from '../kernel/index.js'
import { fingerprint, formatNotebook, type Notebook, parseNotebook, toNotebook } from '../nbformat.js'
import { Workspace } from '../workspace/workspace.js'
import { Documents } from './documents.js'

let root: string
let home: string
let documents: Documents
const faults = vi.fn()
const tell = vi.fn()

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-documents-')))
  home = join(root, '.mayfly')
  mkdirSync(home)
  write('a.ipynb', book('one'))
  documents = open()
  tell.mockClear()
})

afterEach(async () => {
  await documents.close()
  expect(faults).not.toHaveBeenCalled()
})

function open(inUse = true, at = root): Documents {
  const workspace = new Workspace(at, join(at, '.mayfly'))
  return new Documents(workspace, { inUse: () => inUse, onFault: faults, tell })
}

/** What a next runner finds when this one is killed now: the state first, as it is written first. */
function afterKill(): Documents {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-killed-')))
  cpSync(home, join(copy, '.mayfly'), { recursive: true })
  cpSync(root, copy, { recursive: true, filter: (path) => !path.startsWith(home) && !path.endsWith('.tmp') })
  return open(true, copy)
}

function book(source: string): Notebook {
  const cells = ['a', 'b'].map((id) => ({ id, cell_type: 'code', source }))
  return toNotebook({ nbformat: 4, metadata: {}, cells }, '')
}

function write(name: string, notebook: Notebook): void {
  writeFileSync(join(root, name), formatNotebook(notebook))
}

function read(name = 'a.ipynb'): Notebook {
  return parseNotebook(readFileSync(join(root, name), 'utf8'), name)
}

function message(type: string, content: object, cellId = 'a'): JupyterMessage {
  const channel = type === 'execute_reply' ? 'shell' : 'iopub'
  return { channel, header: makeHeader(type, 's'), parent_header: {}, metadata: { cellId }, content: { ...content } }
}

const print = (text: string, cellId = 'a') => message('stream', { name: 'stdout', text }, cellId)
const start = () => message('execute_input', { code: '', execution_count: 1 })
const sources = (text: string) =>
  ['a', 'b'].map((id) => ({ id, cell_type: 'code' as const, source: text, metadata: {} }))
describe('saving', () => {
  test('outputs reach the file by themselves', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('hello'))
    await vi.waitFor(() => expect(read().cells[0]?.outputs).toMatchObject([{ text: 'hello' }]), { timeout: 30_000 })
    expect(readdirSync(root).sort()).toEqual(['.mayfly', 'a.ipynb'])
  })

  test('an edit is on disk when it is answered, with the outputs of the runner', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('hello'))
    await file.edit(sources('two'), { k: 1 }, file.document.hash)
    expect(read()).toMatchObject({ metadata: { k: 1 }, cells: [{ source: 'two', outputs: [{ text: 'hello' }] }, {}] })
  })

  test('an autosave of outputs between two edits is no conflict', async () => {
    const file = await documents.open('a.ipynb')
    const { hash } = file.document
    file.apply(print('hello'))
    await file.flush()
    await file.edit(sources('two'), {}, hash)
    expect(read().cells[0]?.source).toBe('two')
  })
})

describe('changes by others', () => {
  test('an edit that builds on the older version is a conflict and changes nothing', async () => {
    const file = await documents.open('a.ipynb')
    const { hash } = file.document
    write('a.ipynb', book('outside'))
    await expect(file.edit(sources('mine'), {}, hash)).rejects.toThrow(
      expect.objectContaining({ code: 'E_DOCUMENT_CONFLICT' }),
    )
    expect(read().cells[0]?.source).toBe('outside')
    await file.edit(sources('mine'), {}, file.document.hash)
    expect(read().cells[0]?.source).toBe('mine')
  })

  test('pages are told of other settings, not of other text', async () => {
    const file = await documents.open('a.ipynb')
    await file.edit(sources('two'), {}, file.document.hash)
    expect(tell).not.toHaveBeenCalled()
    await file.edit(sources('two'), { mayfly: { budget: { usd: 1 } } }, file.document.hash)
    const { hash } = file.document
    const [, message] = tell.mock.lastCall!
    expect(message).toMatchObject({ header: { msg_type: 'mayfly_document' }, content: { hash, cause: 'settings' } })
    await file.edit(sources('three'), { mayfly: { budget: { usd: 1 } } }, hash)
    expect(tell).toHaveBeenCalledOnce()
  })

  test('outputs are merged into the other version', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('hello'))
    write('a.ipynb', book('outside'))
    await file.flush()
    expect(read().cells[0]).toMatchObject({ source: 'outside', outputs: [{ text: 'hello' }] })
  })

  test('a file that was deleted comes back with an edit, not with outputs', async () => {
    const file = await documents.open('a.ipynb')
    rmSync(join(root, 'a.ipynb'))
    file.apply(print('hello'))
    await file.flush()
    expect(readdirSync(root)).toEqual(['.mayfly'])
    await file.edit(sources('mine'), {}, file.document.hash)
    expect(read().cells[0]).toMatchObject({ source: 'mine', outputs: [{ text: 'hello' }] })
  })

  test('opening again shows them', async () => {
    await documents.open('a.ipynb')
    write('a.ipynb', book('outside'))
    expect((await documents.open('a.ipynb')).document.notebook().cells[0]?.source).toBe('outside')
  })
})

test('a file that is no notebook at the moment is not overwritten; told once, saved when it is whole again', async () => {
  const file = await documents.open('a.ipynb')
  writeFileSync(join(root, 'a.ipynb'), '<<<<<<< conflict')
  file.apply(print('hello'))
  await vi.waitFor(() => expect(faults).toHaveBeenCalledOnce(), { timeout: 30_000 })
  expect(faults).toHaveBeenCalledWith(expect.objectContaining({ code: 'E_NOTEBOOK_INVALID' }))
  faults.mockClear()
  expect(readFileSync(join(root, 'a.ipynb'), 'utf8')).toBe('<<<<<<< conflict')
  write('a.ipynb', book('merged'))
  await file.flush()
  expect(read().cells[0]).toMatchObject({ source: 'merged', outputs: [{ text: 'hello' }] })
})

describe('after the runner was killed', () => {
  test('outputs and the number of messages are recovered, the running cell says what happened', async () => {
    const file = await documents.open('a.ipynb')
    for (const m of [start(), print('1\n'), print('2\n')]) file.apply(m)
    file.commit()
    const again = await afterKill().open('a.ipynb')
    expect(again.document.seq).toBe(3)
    expect(again.document.states().a).toMatchObject({ state: 'idle', status: 'aborted' })
    expect(again.document.notebook().cells[0]).toMatchObject({
      execution_count: 1,
      outputs: [{ text: '1\n2\n' }, { output_type: 'error', ename: 'RunnerStopped' }],
    })
  })

  test('also when a part had been saved already', async () => {
    const file = await documents.open('a.ipynb')
    for (const m of [start(), print('1\n')]) file.apply(m)
    await file.flush()
    file.apply(print('2\n'))
    file.commit()
    const again = await afterKill().open('a.ipynb')
    expect(again.document.notebook().cells[0]?.outputs).toMatchObject([{ text: '1\n2\n' }, { ename: 'RunnerStopped' }])
    expect(again.document.seq).toBe(3)
  })

  test('messages that come while it saves are neither lost nor doubled', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(start())
    const numbers: string[] = []
    for (let round = 0; round < 5; round++) {
      let saving = true
      const saved = file.flush().finally(() => {
        saving = false
      })
      // A slow disk must not make so much output that its beginning is dropped.
      while (saving && numbers.length < (round + 1) * 3000) {
        for (let i = 0; i < 3; i++) {
          file.apply(print(`${numbers.length}\n`))
          numbers.push(`${numbers.length}\n`)
        }
        await (numbers.length % 2 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve)))
      }
      await saved
    }
    file.apply(print('end\n'))
    file.commit()
    const again = await afterKill().open('a.ipynb')
    expect(again.document.notebook().cells[0]?.outputs?.[0]).toMatchObject({ text: `${numbers.join('')}end\n` })
    expect(again.document.seq).toBe(file.document.seq)
  })

  test('also when it died between announcing a save and doing it', async () => {
    const file = await documents.open('a.ipynb')
    for (const m of [start(), print('1\n')]) file.apply(m)
    file.commit()
    const before = readFileSync(join(root, 'a.ipynb'))
    await file.flush()
    const journal = join(home, 'journal')
    const [last] = readdirSync(journal)
    // Put back the older file and the generation that led to it.
    const lines = [start(), print('1\n')].map((m, i) => JSON.stringify({ seq: i + 1, at: 0, message: m }))
    const hash = fingerprint(parseNotebook(before.toString(), ''))
    const head = JSON.stringify({ notebook: 'a.ipynb', seq: 0, hash, running: {} })
    writeFileSync(join(journal, last!.replace(/\.\d+\./, '.0.')), `${[head, ...lines].join('\n')}\n{"torn`)
    writeFileSync(join(root, 'a.ipynb'), before)
    const again = await open().open('a.ipynb')
    expect(again.document.notebook().cells[0]?.outputs).toMatchObject([{ text: '1\n' }, {}])
  })

  test('a journal that was saved is not applied to a file that was changed since, but numbers go on', async () => {
    const file = await documents.open('a.ipynb')
    for (const m of [start(), print('1\n')]) file.apply(m)
    await documents.close()
    write('a.ipynb', book('outside'))
    const again = await open().open('a.ipynb')
    expect(again.document.notebook().cells[0]).toMatchObject({ source: 'outside', outputs: [] })
    expect(again.document.seq).toBe(2)
  })
})

describe('after the runner was killed and the file was changed', () => {
  test('what was not saved is applied all the same, also when it is killed again', async () => {
    const file = await documents.open('a.ipynb')
    for (const m of [start(), print('1\n')]) file.apply(m)
    file.commit()
    const killed = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-killed-')))
    cpSync(root, killed, { recursive: true })
    writeFileSync(join(killed, 'a.ipynb'), formatNotebook(book('outside')))
    for (let life = 0; life < 3; life++) {
      const copy = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-killed-')))
      cpSync(killed, copy, { recursive: true })
      const next = open(true, copy)
      const again = await next.open('a.ipynb')
      const outputs = [{ text: '1\n' }, { ename: 'RunnerStopped' }]
      expect(again.document.notebook().cells[0]).toMatchObject({ source: 'outside', outputs })
      expect(again.document.seq).toBe(2)
      rmSync(killed, { recursive: true })
      cpSync(copy, killed, { recursive: true })
      await next.close()
    }
  })

  test('a generation that was never begun is no place to go on', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('1\n'))
    file.commit()
    const [journal] = readdirSync(join(home, 'journal'))
    writeFileSync(join(home, 'journal', journal!.replace('.0.', '.1.')), '{"notebook":')
    const next = open()
    const again = await next.open('a.ipynb')
    again.apply(print('2\n'))
    again.commit()
    expect((await afterKill().open('a.ipynb')).document.notebook().cells[0]?.outputs).toMatchObject([
      { text: '1\n2\n' },
    ])
    await next.close()
  })

  test('numbers of messages that changed nothing are not given again', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('1\n'))
    for (let i = 0; i < 3; i++) file.apply(message('status', { execution_state: 'busy' }))
    file.commit()
    expect((await afterKill().open('a.ipynb')).document.seq).toBe(4)
  })
})

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  test('the journal goes on where it stopped, and pages are told once', async () => {
    const file = await documents.open('a.ipynb')
    const journal = join(home, 'journal')
    const [name] = [`${createHash('sha256').update('a.ipynb').digest('hex').slice(0, 32)}.0.ndjson`]
    symlinkSync('/dev/full', join(journal, name))
    file.apply(print('1\n'))
    expect([file.commit(), file.commit()]).toEqual([false, false])
    expect(file.fault).toMatchObject({ code: 'E_DISK_FULL' })
    expect(faults).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'E_DISK_FULL' }))
    expect(tell.mock.calls).toMatchObject([
      ['a.ipynb', { header: { msg_type: 'mayfly_notice' }, content: { resolved: false } }],
    ])
    faults.mockClear()
    await expect(file.edit(sources('new'), {}, file.document.hash)).rejects.toThrow(
      expect.objectContaining({ code: 'E_DISK_FULL' }),
    )
    expect(read().cells[0]?.source).toBe('one')
    expect(file.document.notebook().cells[0]?.source).toBe('one')
    rmSync(join(journal, name))
    await vi.waitFor(() => expect(file.fault).toBeNull(), { timeout: 30_000 })
    expect(tell).toHaveBeenLastCalledWith(
      'a.ipynb',
      expect.objectContaining({ content: expect.objectContaining({ resolved: true }) }),
    )
    expect(read().cells[0]?.outputs).toMatchObject([{ text: '1\n' }])
    await file.edit(sources('new'), {}, file.document.hash)
    expect(read().cells[0]?.source).toBe('new')
  })
})

test('what a killed writer left beside a notebook goes, other files stay', async () => {
  for (const name of ['.a.ipynb.0123456789ab.tmp', '.a.ipynb.notes.tmp', '.b.ipynb.0123456789ab.tmp'])
    writeFileSync(join(root, name), '')
  await documents.open('a.ipynb')
  expect(readdirSync(root).sort()).toEqual(['.a.ipynb.notes.tmp', '.b.ipynb.0123456789ab.tmp', '.mayfly', 'a.ipynb'])
})

test('a notebook that is no notebook at the moment can be renamed, and its outputs go along', async () => {
  const file = await documents.open('a.ipynb')
  file.apply(print('kept'))
  writeFileSync(join(root, 'a.ipynb'), '<<<<<<<')
  const { renameSync } = await import('node:fs')
  await documents.move(
    'a.ipynb',
    'b.ipynb',
    async () => renameSync(join(root, 'a.ipynb'), join(root, 'b.ipynb')),
    () => {},
  )
  write('b.ipynb', book('merged'))
  await file.flush()
  expect(read('b.ipynb').cells[0]).toMatchObject({ source: 'merged', outputs: [{ text: 'kept' }] })
})

test.skipIf(process.getuid?.() === 0)('a write-protected notebook is not replaced', async () => {
  const file = await documents.open('a.ipynb')
  chmodSync(join(root, 'a.ipynb'), 0o444)
  await expect(file.edit(sources('mine'), {}, file.document.hash)).rejects.toThrow(
    expect.objectContaining({ code: 'E_READ_ONLY' }),
  )
  expect(read().cells[0]?.source).toBe('one')
})

describe('moving and deleting', () => {
  test('an open document follows its file, and so does its journal', async () => {
    mkdirSync(join(root, 'sub'))
    const file = await documents.open('a.ipynb')
    file.apply(start())
    const { renameSync } = await import('node:fs')
    const followed = vi.fn(() => expect(documents.peek('sub/b.ipynb')).toBe(file))
    await documents.move(
      'a.ipynb',
      'sub/b.ipynb',
      async () => renameSync(join(root, 'a.ipynb'), join(root, 'sub/b.ipynb')),
      followed,
    )
    expect(followed).toHaveBeenCalledOnce()
    expect(documents.peek('a.ipynb')).toBeUndefined()
    file.apply(print('after'))
    file.commit()
    const again = await afterKill().open('sub/b.ipynb')
    expect(again.document.notebook().cells[0]?.outputs).toMatchObject([{ text: 'after' }, { ename: 'RunnerStopped' }])
    await file.flush()
    expect(read('sub/b.ipynb').cells[0]?.outputs).toMatchObject([{ text: 'after' }])
    expect(readdirSync(root)).not.toContain('a.ipynb')
  })

  test('a deleted one is not written again', async () => {
    const file = await documents.open('a.ipynb')
    file.apply(print('hello'))
    await documents.remove('a.ipynb', async () => rmSync(join(root, 'a.ipynb')))
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(readdirSync(root)).toEqual(['.mayfly'])
    expect(readdirSync(join(home, 'journal'))).toEqual([])
  })
})

test('clearing gives the messages for the clients', async () => {
  const file = await documents.open('a.ipynb')
  file.apply(print('hello', 'b'))
  const [message, ...rest] = file.clear(['b'])
  expect(message).toMatchObject({ header: { msg_type: 'clear_output' }, metadata: { mayfly: { cellId: 'b', seq: 2 } } })
  expect(rest).toEqual([])
})

test('documents without a kernel leave memory, saved, and come back', async () => {
  const idle = open(false)
  const names = Array.from({ length: 20 }, (_, i) => `n${i}.ipynb`)
  for (const name of names) write(name, book(name))
  for (const name of names) (await idle.open(name)).apply(print(name))
  expect(names.filter((name) => idle.peek(name))).toHaveLength(16)
  const back = await idle.open('n0.ipynb')
  expect(back.document.notebook().cells[0]).toMatchObject({ source: 'n0.ipynb', outputs: [{ text: 'n0.ipynb' }] })
  expect(read('n0.ipynb').cells[0]?.outputs).toHaveLength(1)
  await idle.close()
  for (const name of names) expect(read(name).cells[0]?.outputs).toMatchObject([{ text: name }])
})
