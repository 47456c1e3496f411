/** A Redis server of one's own for a test. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'

export interface RedisServer {
  url: string
  stop(): Promise<void>
}

/** Where `redis-server` is on PATH, if it is. */
export function findRedis(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const found = folders.map((folder) => join(folder, 'redis-server')).find((path) => existsSync(path))
  if (!found) console.warn('skipped: there is no redis-server on PATH (Debian: apt-get install redis-server)')
  return found
}

/** Starts a server on a free port of the loopback, in memory only. */
export async function startRedis(program: string, ...options: string[]): Promise<RedisServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-redis-'))
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const child = spawn(program, [...fixed, ...options], { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  const password = options[options.indexOf('--requirepass') + 1]
  const client = new Redis(url, { ...(options.includes('--requirepass') ? { password: password! } : {}) })
  client.on('error', () => undefined)
  await client.ping()
  client.disconnect()
  return {
    url,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
