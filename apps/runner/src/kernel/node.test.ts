import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findKernelNode } from '@mayfly/runner/kernel'
import { afterAll, describe, expect, test } from 'vitest'
import { NODES, openKernel } from './fixtures/client.js'
import { candidatePaths, nodeNotices, pickNode } from './node.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-node-'))
afterAll(() => rmSync(folder, { recursive: true }))

const node = (version: string) => ({ path: version, version, flags: [] })

describe('the choice', () => {
  test.for([
    ['v24.0.0', ['v26.1.0'], 'v24.0.0'],
    ['v20.20.2', ['v24.9.0', 'v24.10.0', 'v22.1.0'], 'v24.10.0'],
    ['v20.20.2', ['v22.1.0'], 'v20.20.2'],
    ['v22.0.0', [], 'v22.0.0'],
  ] as const)('runner %s, found %j: %s', ([runner, found, expected]) => {
    expect(pickNode(node(runner), found.map(node)).version).toBe(expected)
  })
})

test('an old Node is told of, a new one is not', () => {
  expect(nodeNotices('v24.0.0')).toEqual([])
  expect(nodeNotices('v20.20.2')).toEqual([
    { code: 'E_KERNEL_NODE_OLD', message: expect.stringContaining('Node 20.20.2'), hint: expect.any(String) },
  ])
})

test("version managers' folders, PATH and packages are looked through, newest version first, old ones left out", () => {
  const made = (path: string) => {
    const file = join(folder, path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, '')
    return file
  }
  const versions = ['v24.2.0', 'v24.11.0'].map((v) => made(`nvm/versions/node/${v}/bin/node`))
  made('nvm/versions/node/v18.0.0/bin/node')
  const onPath = made('bin/node')
  const packaged = made(`work/node_modules/node-${process.platform}-${process.arch}/bin/node`)
  const env = { NVM_DIR: join(folder, 'nvm'), PATH: join(folder, 'bin') }
  const found = candidatePaths(join(folder, 'work', 'deep'), env)
  expect(found.filter((path) => path.startsWith(folder))).toEqual([versions[1], versions[0], onPath, packaged])
})

test('a name that is no usable Node is refused, with the reason', async () => {
  const script = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const cases = {
    [join(folder, 'nowhere')]: 'there is no such program',
    [script('other', 'echo hello')]: 'it is not Node',
    [script('old', `echo '["v12.0.0",[]]'`)]: 'too old',
    [script('broken', 'exit 3')]: 'it does not answer (3)',
  }
  for (const [path, reason] of Object.entries(cases)) {
    await expect(findKernelNode(folder, path)).rejects.toMatchObject({
      code: 'E_KERNEL_NODE',
      message: expect.stringContaining(reason),
    })
  }
  await expect(openKernel({ nodePath: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'E_KERNEL_NODE' })
})

test.for(NODES)('%s: the page is told what runs the kernel and what it may use', async ([version, nodePath]) => {
  const { kernel, ask } = await openKernel({ nodePath, memoryMb: 300, rssMb: 900 })
  try {
    const { mayfly } = await ask('kernel_info_request')
    const notices = nodeNotices(version)
    expect(mayfly).toEqual({ node: version, heapLimitMb: 300, rssLimitMb: 900, notices })
    const usage = await kernel.usage()
    expect(usage).toMatchObject({ pid: kernel.pid, heapLimit: 300 * 2 ** 20, rssLimit: 900 * 2 ** 20 })
    expect(usage!.rss).toBeGreaterThan(usage!.heapUsed)
  } finally {
    await kernel.shutdown()
  }
})
