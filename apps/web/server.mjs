/**
 * The web server: one loopback port for everything the browser needs. `/runner/*` goes to the runner (HTTP streams and
 * kernel WebSockets), `/frame` is the empty page that HTML outputs are sandboxed in, all else is Next.
 *
 * A proxy of our own instead of Next's `rewrites`, because those are fixed when Next is built and the runner's port is
 * known only when it has started.
 */
import { randomBytes } from 'node:crypto'
import { createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import {
  FRAME_PAGE,
  FRAME_POLICY,
  isAllowedOrigin,
  isLoopbackHost,
  pagePolicy,
  proxiedHeaders,
} from './server-rules.mjs'

const dev = process.env.NODE_ENV !== 'production' && process.argv.includes('--dev')
const port = Number(required('PORT'))
const runner = new URL(required('MAYFLY_RUNNER_URL'))
const origins = required('MAYFLY_ORIGINS')
  .split(',')
  .map((origin) => origin.trim())

// Before Next is loaded: React chooses its build by it.
process.env.NODE_ENV ??= dev ? 'development' : 'production'
process.env.NEXT_TELEMETRY_DISABLED = '1'
const { default: next } = await import('next')
const app = next({ dev, dir: fileURLToPath(new URL('.', import.meta.url)), hostname: '127.0.0.1', port })
const server = createServer(serve)
server.on('upgrade', upgrade)
const upgraded = new Set()

await app.prepare()
const handle = app.getRequestHandler()
const handleUpgrade = app.getUpgradeHandler()
server.once('error', (error) => fail(`cannot listen on port ${port}: ${error.message}`))
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ event: 'ready', port: server.address().port })}\n`)
})
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop)
// Started by a parent that is gone: nobody is left to stop us.
process.once('disconnect', stop)

function serve(req, res) {
  if (!isLoopbackHost(req.headers.host)) return refuse(res, 'E_HOST', 'This server answers only to loopback names.')
  const safe = req.method === 'GET' || req.method === 'HEAD'
  if (!safe && !isAllowedOrigin(req.headers.origin, origins))
    return refuse(res, 'E_ORIGIN', `Requests from ${req.headers.origin} are not accepted.`)
  if (isRunnerPath(req.url)) return proxy(req, res)
  res.setHeader('X-Content-Type-Options', 'nosniff')
  res.setHeader('Referrer-Policy', 'no-referrer')
  if (req.url === '/frame') {
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    res.setHeader('Content-Security-Policy', FRAME_POLICY)
    return res.end(FRAME_PAGE)
  }
  const nonce = randomBytes(16).toString('base64')
  const policy = pagePolicy(nonce, dev)
  // Next reads the nonce for its own inline scripts from the request's header.
  req.headers['content-security-policy'] = policy
  req.headers['x-nonce'] = nonce
  res.setHeader('Content-Security-Policy', policy)
  res.setHeader('X-Frame-Options', 'DENY')
  return handle(req, res)
}

function proxy(req, res) {
  const upstream = request(target(req), (answer) => {
    res.writeHead(answer.statusCode, proxiedHeaders(answer.headers))
    answer.pipe(res)
    answer.on('error', () => res.destroy())
  })
  upstream.on('error', (error) => {
    if (res.headersSent) return res.destroy()
    res.writeHead(502, { 'content-type': 'application/json' })
    const message = `The runner does not answer (${error.code ?? error.message}).`
    res.end(JSON.stringify({ code: 'E_RUNNER_DOWN', message, hint: 'Restart Mayfly.', traceback: '' }))
  })
  // A reader that leaves (closed tab, aborted tail) must not keep the runner writing.
  res.on('close', () => upstream.destroy())
  req.pipe(upstream)
}

function upgrade(req, socket, head) {
  socket.on('error', () => socket.destroy())
  if (!isLoopbackHost(req.headers.host) || !isAllowedOrigin(req.headers.origin, origins)) {
    return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  }
  if (!isRunnerPath(req.url)) return handleUpgrade(req, socket, head)
  upgraded.add(socket)
  socket.on('close', () => upgraded.delete(socket))
  const { connection, upgrade: protocol } = req.headers
  const options = target(req)
  const upstream = request({ ...options, headers: { ...options.headers, connection, upgrade: protocol } })
  upstream.on('upgrade', (answer, peer, peerHead) => {
    socket.write(statusLine(answer))
    if (peerHead.length > 0) socket.write(peerHead)
    if (head.length > 0) peer.write(head)
    socket.setNoDelay(true)
    peer.setNoDelay(true)
    peer.pipe(socket)
    socket.pipe(peer)
    peer.on('error', () => socket.destroy())
    peer.on('close', () => socket.destroy())
    socket.on('close', () => peer.destroy())
  })
  upstream.on('response', (answer) => {
    socket.write(statusLine(answer))
    answer.pipe(socket)
  })
  upstream.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n'))
  upstream.end()
}

function isRunnerPath(url) {
  return url.startsWith('/runner/')
}

function target(req) {
  return {
    host: runner.hostname,
    port: runner.port,
    method: req.method,
    path: req.url.slice('/runner'.length),
    headers: { ...proxiedHeaders(req.headers), host: runner.host },
  }
}

function statusLine(answer) {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`]
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function refuse(res, code, message) {
  res.writeHead(403, { 'content-type': 'application/json' })
  res.end(JSON.stringify({ code, message, hint: 'Open the address that npm start printed.', traceback: '' }))
}

function required(name) {
  return process.env[name] ?? fail(`${name} is not set; start Mayfly with npm start.`)
}

function fail(message) {
  process.stderr.write(`E_CONFIG_WEB: ${message}\n`)
  process.exit(1)
}

async function stop() {
  server.close()
  for (const socket of upgraded) socket.destroy()
  server.closeAllConnections()
  // Next may wait on open streams; two seconds are enough for what can end by itself.
  await Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, 2000).unref())])
  process.exit(0)
}
