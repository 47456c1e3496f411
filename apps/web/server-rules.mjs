/** What the web server lets in and tells the browser to keep to: pure rules, tested beside this file. */

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/** Whether a `Host` header names this machine; anything else may be DNS rebinding. */
export function isLoopbackHost(host) {
  return typeof host === 'string' && LOOPBACK.test(host)
}

/** Whether an `Origin` is listed. Clients that are no browsers send none, and carry no cookies a foreign page could use. */
export function isAllowedOrigin(origin, allowed) {
  return origin === undefined || allowed.includes(origin)
}

/**
 * Policy of the product's own pages. Scripts run only with this response's nonce; Monaco needs inline styles and data
 * fonts, outputs need data and blob images. Development builds use eval for source maps.
 */
export function pagePolicy(nonce, dev) {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'${dev ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self'${dev ? ' ws://localhost:* ws://127.0.0.1:*' : ''}`,
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Policy of HTML outputs: they may run scripts in their own opaque origin, and reach no network at all. */
export const FRAME_POLICY = [
  'sandbox allow-scripts allow-popups',
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' data: blob:",
  "style-src 'unsafe-inline' data:",
  'img-src data: blob:',
  'font-src data:',
  'media-src data: blob:',
  "frame-ancestors 'self'",
].join('; ')

/** Waits for `{ html, theme }` from the notebook, writes it, and reports the height of its content when it changes. */
export const FRAME_PAGE = `<!doctype html><meta charset="utf-8"><script>
addEventListener('message', function (event) {
  if (event.source !== parent || !event.data || event.data.type !== 'mayfly:html') return
  var style = '<style>html{font:14px/1.5 system-ui,sans-serif;color:' + event.data.ink + ';color-scheme:' + event.data.theme +
    '}body{margin:0;overflow-x:auto}table{border-collapse:collapse}td,th{padding:2px 8px;text-align:left}a{color:inherit}</style>'
  document.open(); document.write('<!doctype html>' + style + event.data.html); document.close()
  var report = function () { parent.postMessage({ type: 'mayfly:height', height: document.documentElement.offsetHeight }, '*') }
  new ResizeObserver(report).observe(document.documentElement)
  report()
})
parent.postMessage({ type: 'mayfly:ready' }, '*')
</script>`

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers that travel through a proxy: all but those that speak of one connection. */
export function proxiedHeaders(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}
