import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConnection } from './connection.js'
import { prefixFolder, pythonPrefix, searchFolders, userFolder } from './folders.js'
import { checkName, findSpecs, installSpec, uninstallSpec } from './spec.js'

const root = mkdtempSync(join(tmpdir(), 'mayfly-spec-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('where Jupyter looks', () => {
  test.for([
    ['linux', {}, '/home/a/.local/share/jupyter'],
    ['linux', { XDG_DATA_HOME: '/x' }, '/x/jupyter'],
    ['linux', { JUPYTER_DATA_DIR: '/d', XDG_DATA_HOME: '/x' }, '/d'],
    ['darwin', { XDG_DATA_HOME: '/x' }, '/home/a/Library/Jupyter'],
    ['win32', { APPDATA: 'C:\\Users\\a\\AppData\\Roaming' }, 'C:\\Users\\a\\AppData\\Roaming\\jupyter'],
  ] as const)('%s %j', ([platform, env, folder]) => {
    expect(userFolder({ platform, env, home: '/home/a' })).toBe(folder)
  })

  test('JUPYTER_PATH comes first, then the user, the environment, the system', () => {
    const env = { JUPYTER_PATH: '/p:/q', VIRTUAL_ENV: '/venv' }
    const folders = ['/p', '/q', '/home/a/.local/share/jupyter', '/venv/share/jupyter', '/usr/local/share/jupyter']
    expect(searchFolders({ platform: 'linux', env, home: '/home/a' })).toEqual([...folders, '/usr/share/jupyter'])
  })

  test('the environment in use', () => {
    expect(pythonPrefix({ VIRTUAL_ENV: '/venv', CONDA_PREFIX: '/conda' })).toBe('/venv')
    expect(pythonPrefix({ CONDA_PREFIX: '/conda' })).toBe('/conda')
    expect(() => pythonPrefix({ PATH: root })).toThrow('no Python environment')
  })
})

describe('kernel specifications', () => {
  const data = prefixFolder(root)
  const options = { name: 'Mine', displayName: 'My TypeScript', script: '/no/such/mayfly.mjs' }

  test('install, list, install over it, uninstall', () => {
    const folder = installSpec(data, options)
    expect(folder).toBe(join(data, 'kernels', 'mine'))
    expect(readdirSync(folder).sort()).toEqual(['kernel.json', 'logo-svg.svg'])
    expect(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'))).toMatchObject({
      argv: [process.execPath, options.script, 'kernel', 'run', '--conn', '{connection_file}'],
      display_name: 'My TypeScript',
      language: 'typescript',
      interrupt_mode: 'message',
    })
    expect(findSpecs([data, join(root, 'none')])).toEqual([
      { name: 'mine', displayName: 'My TypeScript', folder, missing: options.script },
    ])
    installSpec(data, { ...options, displayName: 'Again' })
    expect(findSpecs([data])[0]?.displayName).toBe('Again')
    expect(uninstallSpec(data, 'mine')).toBe(folder)
    expect(findSpecs([data])).toEqual([])
    expect(() => uninstallSpec(data, 'mine')).toThrow('does not exist')
  })

  test('a kernel of someone else is neither listed nor removed', () => {
    const folder = join(data, 'kernels', 'python3')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'kernel.json'), '{"argv":["python"],"display_name":"Python 3","language":"python"}')
    expect(findSpecs([data])).toEqual([])
    expect(() => uninstallSpec(data, 'python3')).toThrow('someone else')
    expect(readdirSync(folder)).toEqual(['kernel.json'])
  })

  test.for(['', '..', 'a/b', '../up', 'a b', 'é'])('%j is no name', (name) => {
    expect(() => checkName(name)).toThrow('cannot be the name')
  })

  test('a folder that cannot be written is said so', () => {
    writeFileSync(join(root, 'file'), '')
    expect(() => installSpec(join(root, 'file'), options)).toThrow('cannot be written')
  })
})

describe('connection files', () => {
  const good = {
    ip: '127.0.0.1',
    key: 'k',
    shell_port: 1,
    control_port: 2,
    stdin_port: 3,
    iopub_port: 4,
    hb_port: 5,
    kernel_name: 'extra fields are free',
  }
  const parse = (change: object) => parseConnection(JSON.stringify({ ...good, ...change }), 'f.json')

  test('addresses of TCP and of IPC', () => {
    expect(parse({})).toMatchObject({ key: 'k', addresses: { shell: 'tcp://127.0.0.1:1', hb: 'tcp://127.0.0.1:5' } })
    expect(parse({ transport: 'ipc', ip: '/tmp/k' }).addresses.iopub).toBe('ipc:///tmp/k-4')
    expect(parse({ key: '', signature_scheme: 'anything' }).key).toBe('')
  })

  test.for([
    [{ shell_port: 0 }, 'shell_port'],
    [{ hb_port: 70_000 }, 'hb_port'],
    [{ key: undefined }, 'key'],
    [{ transport: 'udp' }, 'transport'],
    [{ ip: '' }, 'ip'],
    [{ signature_scheme: 'hmac-md5' }, 'hmac-md5'],
  ] as const)('%j is refused', ([change, words]) => {
    expect(() => parse(change)).toThrow(words)
  })

  test('text that is not JSON is refused', () => {
    expect(() => parseConnection('{', 'f.json')).toThrow('not JSON')
  })
})
