/**
 * What runs in an environment of the double: loads the handler and asks the Runtime API (2018-06-01) for work, as the
 * managed Node runtime does. Handlers are `async (event, context)` or made by `awslambda.streamifyResponse`.
 */
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'

const STREAMING = Symbol('streaming')
type Context = { awsRequestId: string; functionName: string; getRemainingTimeInMillis(): number }
type Handler = ((event: unknown, context: Context) => unknown) & { [STREAMING]?: undefined }
type Streaming = ((event: unknown, out: Writable, context: Context) => unknown) & { [STREAMING]: true }

const runtime = { streamifyResponse: (handler: Streaming) => Object.assign(handler, { [STREAMING]: true as const }) }
Object.assign(globalThis, { awslambda: runtime })

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API!.split(':')

/** Asks or tells the Runtime API, and gives the answer. */
function call(method: string, path: string, body?: string, headers = {}) {
  const { sent, answered } = open(method, path, headers)
  sent.end(body)
  return answered
}

/** Tells what comes of a stream. */
function stream(path: string, out: PassThrough, headers: object) {
  const trailers = 'lambda-runtime-function-error-type, lambda-runtime-function-error-body'
  const opened = open('POST', path, { ...headers, trailer: trailers })
  opened.sent.flushHeaders()
  out.pipe(opened.sent)
  return opened
}

function open(method: string, path: string, headers: object) {
  const sent = request({ host, port, method, path: `/2018-06-01/runtime${path}`, headers: { ...headers } })
  const answered = new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    sent.on('error', reject).on('response', async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ headers: response.headers, body: Buffer.concat(chunks) })
    })
  })
  return { sent, answered }
}

function described(thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') })
}

async function load(): Promise<Handler | Streaming> {
  const [file, name] = process.env._HANDLER!.split(/\.(?=[^.]*$)/) as [string, string]
  const path = join(process.env.LAMBDA_TASK_ROOT!, file)
  const module = await import(pathToFileURL(existsSync(`${path}.mjs`) ? `${path}.mjs` : `${path}.js`).href)
  if (typeof module[name] !== 'function') throw new Error(`${process.env._HANDLER} is undefined or not exported`)
  return module[name]
}

const handler = await load().catch(async (error: unknown) => {
  await call('POST', '/init/error', described(error))
  process.exit(1)
})
for (;;) {
  const next = await call('GET', '/invocation/next')
  const id = String(next.headers['lambda-runtime-aws-request-id'])
  const deadline = Number(next.headers['lambda-runtime-deadline-ms'])
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME!,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    const event: unknown = JSON.parse(next.body.toString())
    if (handler[STREAMING]) {
      const out = new PassThrough()
      const mode = { 'lambda-runtime-function-response-mode': 'streaming', 'transfer-encoding': 'chunked' }
      const { sent, answered } = stream(`/invocation/${id}/response`, out, mode)
      try {
        await (handler as Streaming)(event, out, context)
      } catch (error) {
        // What was written stands; the error comes behind it.
        const body = Buffer.from(described(error))
        sent.addTrailers({
          'lambda-runtime-function-error-type': (JSON.parse(body.toString()) as { errorType: string }).errorType,
          'lambda-runtime-function-error-body': body.toString('base64'),
        })
      }
      if (!out.writableEnded) out.end()
      await answered
    } else {
      const result = await (handler as Handler)(event, context)
      await call('POST', `/invocation/${id}/response`, JSON.stringify(result ?? null))
    }
  } catch (error) {
    await call('POST', `/invocation/${id}/error`, described(error))
  }
}
