import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor, type LoggedEvent } from '@mayfly/executor'
import { afterAll } from 'vitest'
import { backendContract } from '../contract.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-contract-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

backendContract('localhost', {
  make: (options = {}) => new FunctionExecutor({ home, ...options } as never) as never,
  events: () => {
    const runs = join(home, 'runs')
    const logs = readdirSync(runs).filter((file) => file.endsWith('.ndjson'))
    return logs.sort().map((file) => {
      const lines = readFileSync(join(runs, file), 'utf8').split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as LoggedEvent)
    })
  },
})
