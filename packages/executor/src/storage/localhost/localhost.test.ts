import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll } from 'vitest'
import { storageContract } from '../contract.js'
import { Storage } from '../storage.js'

const root = mkdtempSync(join(tmpdir(), 'mayfly-storage-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

storageContract('localhost', {
  make: () => new Storage(pathToFileURL(root).href),
  url: () => pathToFileURL(root).href,
})
