/** The web server as a process, before a small runner of the test's own. Needs the built web app. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const built = existsSync(`${here}.next/BUILD_ID`)
if (!built) console.log('skipped: the web app is not built (npm run build)')

describe.skipIf(!built)('the web server', () => {
  let runner: Server
  let web: ChildProcess
  let port: number
  let output = ''

  beforeAll(async () => {
    runner = createServer((req, res) => {
      if (req.url === '/stream') {
        res.write('one\n')
        req.socket.once('close', () => runner.emit('left'))
        runner.once('more', () => res.write('two\n'))
        return
      }
      let body = ''
      req.on('data', (chunk) => (body += chunk))
      req.on('end', () => res.end(JSON.stringify({ method: req.method, url: req.url, host: req.headers.host, body })))
    })
    runner.on('upgrade', (req, socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${req.headers.upgrade}\r\nConnection: Upgrade\r\nX-Url: ${req.url}\r\n\r\n`,
      )
      socket.on('data', (data) => socket.write(`echo ${data}`))
      socket.on('error', () => {})
      socket.on('end', () => socket.end())
    })
    await new Promise<void>((resolve) => runner.listen(0, '127.0.0.1', resolve))
    port = await freePort()
    web = spawn(process.execPath, ['server.mjs'], {
      cwd: here,
      env: {
        ...process.env,
        NODE_ENV: 'production',
        PORT: String(port),
        MAYFLY_SECRET: 'ab'.repeat(32),
        MAYFLY_ORIGINS: `http://localhost:${port}`,
        MAYFLY_RUNNER_URL: `http://127.0.0.1:${(runner.address() as AddressInfo).port}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      web.once('exit', (code) => reject(new Error(`ended with ${code}: ${output}`)))
      web.stdout!.on('data', (chunk) => {
        output += chunk
        if (output.includes('"ready"')) resolve()
      })
    })
  })
  afterAll(() => {
    web?.kill('SIGKILL')
    runner?.closeAllConnections()
    runner?.close()
  })

  const ask = (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
      const { method = 'GET', headers } = init
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (res) => {
        let text = ''
        res.on('data', (chunk) => (text += chunk))
        res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, text }))
      })
      asked.on('error', reject)
      asked.end(init.body)
    })

  it('says once that it is ready, and on which port', () => {
    expect(
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
    ).toEqual([{ event: 'ready', port }])
  })

  it('hands requests to the runner with the prefix taken off and its own host', async () => {
    const answer = await ask('/runner/api/x?y=1', { method: 'POST', body: 'hello' })
    const { port: runnerPort } = runner.address() as AddressInfo
    expect(JSON.parse(answer.text)).toEqual({
      method: 'POST',
      url: '/api/x?y=1',
      host: `127.0.0.1:${runnerPort}`,
      body: 'hello',
    })
  })

  it('streams as the runner does, and tells it when the reader leaves', async () => {
    const left = new Promise((resolve) => runner.once('left', resolve))
    await new Promise<void>((resolve) => {
      const asked = request({ host: '127.0.0.1', port, path: '/runner/stream' }, (res) => {
        res.once('data', (first) => {
          expect(String(first)).toBe('one\n')
          res.once('data', (second) => {
            expect(String(second)).toBe('two\n')
            asked.destroy()
            resolve()
          })
          runner.emit('more')
        })
        res.on('error', () => {})
      })
      asked.on('error', () => {})
      asked.end()
    })
    await left
  })

  it('passes WebSockets through, for listed origins only', async () => {
    const allowed = await shake(port, `http://localhost:${port}`)
    expect(allowed).toContain('101 Switching Protocols')
    expect(allowed).toContain('X-Url: /api/kernels/k/channels?a=b')
    expect(allowed).toContain('echo hi')
    expect(await shake(port, 'http://evil.org')).toMatch(/^HTTP\/1\.1 403/)
  })

  it('answers only to loopback names, and to writes only from listed origins', async () => {
    expect((await ask('/', { headers: { host: 'evil.org' } })).status).toBe(403)
    expect((await ask('/runner/api', { headers: { host: 'evil.org' } })).status).toBe(403)
    const foreign = await ask('/runner/api', { method: 'POST', headers: { origin: 'http://evil.org' } })
    expect(foreign).toMatchObject({ status: 403, text: expect.stringContaining('E_ORIGIN') })
    expect((await ask('/runner/api', { method: 'POST', headers: { origin: `http://localhost:${port}` } })).status).toBe(
      200,
    )
  })

  it('gives every page a policy with a nonce of its own, used by every inline script', async () => {
    const [first, second] = [await ask('/'), await ask('/')]
    const nonceOf = (answer: { headers: Record<string, unknown> }) =>
      /'nonce-([^']+)'/.exec(String(answer.headers['content-security-policy']))![1]
    expect(nonceOf(first)).not.toBe(nonceOf(second))
    const scripts = first.text.match(/<script[^>]*>/g)!
    expect(scripts.length).toBeGreaterThan(2)
    for (const script of scripts) expect(script).toContain(`nonce="${nonceOf(first)}"`)
    expect(first.text).not.toMatch(/(src|href)="https?:/)
  })

  it('serves the editor and the frame of HTML outputs', async () => {
    expect((await ask('/monaco/worker.js')).status).toBe(200)
    expect(String((await ask('/frame')).headers['content-security-policy'])).toContain('sandbox allow-scripts')
  })

  it('says what is wrong when the runner is gone', async () => {
    runner.closeAllConnections()
    await new Promise((resolve) => runner.close(resolve))
    expect(await ask('/runner/api')).toMatchObject({ status: 502, text: expect.stringContaining('E_RUNNER_DOWN') })
  })

  it('ends cleanly when asked', async () => {
    const ended = new Promise((resolve) => web.once('exit', (code) => resolve(code)))
    web.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createNetServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/** Opens a WebSocket by hand, sends `hi` once it is open, and returns all that came back. */
function shake(port: number, origin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `GET /runner/api/kernels/k/channels?a=b HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      )
    })
    socket.on('data', (data) => {
      heard += data
      if (heard.includes('101') && !heard.includes('echo')) socket.write('hi')
      if (heard.includes('echo')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}
