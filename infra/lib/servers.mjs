/** Starts the runner and the web server as children, knows when they are ready, and stops them cleanly. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './steps.mjs'

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 5_000

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

/** The first free loopback port at or above `port`. */
export async function freePort(port) {
  for (let candidate = port; candidate < port + 100; candidate++) if (await isFree(candidate)) return candidate
  throw new Error(`No free port between ${port} and ${port + 99}: stop a program that listens there, or set PORT.`)
}

/**
 * Starts one server. It must print one JSON line `{"event":"ready","port":N}`; every other line is passed on to stderr.
 * Its own process group keeps it from getting the terminal's Ctrl+C: it is stopped by us, in order.
 */
function startServer(name, args, env) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
  })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The ${name} was not ready within 60 s.`)), READY_TIMEOUT_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = line.startsWith('{"event":"ready"') ? JSON.parse(line) : undefined
      if (!message) return process.stderr.write(`${line}\n`)
      clearTimeout(timer)
      resolve(message.port)
    })
    void ended.then((how) => reject(new Error(`The ${name} ended with ${how} before it was ready.`)))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }
  return { name, pid: child.pid, ready, ended, stop }
}

/**
 * Starts the product on loopback. Resolves when both servers are ready:
 * `{ url, runnerUrl, pids, ended, stop }`, where `ended` tells which server ended first.
 */
export async function startProduct({ workspace, port = Number(process.env.PORT) || 3000, dev = false } = {}) {
  const folder = workspace ?? process.env.MAYFLY_WORKSPACE ?? join(ROOT, 'workspace')
  mkdirSync(folder, { recursive: true })
  const webPort = await freePort(port)
  const env = {
    MAYFLY_WORKSPACE: folder,
    MAYFLY_HOME: process.env.MAYFLY_HOME ?? join(folder, '.mayfly'),
    MAYFLY_SECRET: randomBytes(32).toString('hex'),
    MAYFLY_ORIGINS: `http://localhost:${webPort},http://127.0.0.1:${webPort}`,
    NEXT_TELEMETRY_DISABLED: '1',
  }
  const runner = startServer('runner', ['apps/runner/dist/main.js'], env)
  const servers = [runner]
  try {
    const runnerUrl = `http://127.0.0.1:${await runner.ready}`
    const web = startServer('web server', ['apps/web/server.mjs', ...(dev ? ['--dev'] : [])], {
      ...env,
      NODE_ENV: dev ? 'development' : 'production',
      MAYFLY_RUNNER_URL: runnerUrl,
      PORT: String(webPort),
    })
    servers.unshift(web)
    await web.ready
    return {
      url: `http://localhost:${webPort}`,
      runnerUrl,
      secret: env.MAYFLY_SECRET,
      pids: { runner: runner.pid, web: web.pid },
      ended: Promise.race(servers.map((server) => server.ended.then((how) => ({ name: server.name, how })))),
      stop: async () => {
        for (const server of servers) await server.stop()
      },
    }
  } catch (error) {
    for (const server of servers) await server.stop()
    throw error
  }
}
