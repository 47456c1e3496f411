/** For tests: stands before a double of S3 or Lambda and notes which right of IAM each request needs. */
import { createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request needs: the action, the resource, and the prefix of a list. */
export interface Need {
  action: string
  resource: string
  prefix?: string
}

export interface Recorder {
  endpoint: string
  needs: Need[]
  close(): Promise<void>
}

/** Forwards everything as it is, headers too: signatures stay true. */
export async function startRecorder(target: string, needOf: (request: Seen) => Need[]): Promise<Recorder> {
  const needs: Need[] = []
  const to = new URL(target)
  const server = createServer((incoming, response) => {
    void (async () => {
      const body = await readAll(incoming)
      const url = new URL(incoming.url!, target)
      needs.push(...needOf({ method: incoming.method!, url, headers: incoming.headers, body: body.toString('latin1') }))
      const { method, headers } = incoming
      const forward = send(
        { hostname: to.hostname, port: to.port, path: incoming.url!, method: method!, headers },
        (answer) => {
          response.writeHead(answer.statusCode!, answer.headers)
          answer.pipe(response)
        },
      )
      forward.on('error', () => response.destroy())
      forward.end(body)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    needs,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export interface Seen {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: string
}

/** After the table “Actions, resources, and condition keys for Amazon S3”. */
export function s3Needs({ method, url, headers, body }: Seen): Need[] {
  const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/')
  const key = rest.join('/')
  const [query, root] = [url.searchParams, `arn:aws:s3:::${bucket}`]
  const object = (action: string, of = key): Need => ({ action: `s3:${action}`, resource: `${root}/${of}` })
  if (!key && method === 'POST' && query.has('delete')) {
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, one]) => object('DeleteObject', one))
  }
  if (!key && method === 'GET') {
    const prefix = query.get('prefix')
    return [{ action: 's3:ListBucket', resource: root, ...(prefix === null ? {} : { prefix }) }]
  }
  if (!key) return [{ action: `s3:${method} of the bucket`, resource: root }]
  if (method === 'GET' && query.has('uploadId')) return [object('ListMultipartUploadParts')]
  if (method === 'DELETE') return [object(query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject')]
  const source = headers['x-amz-copy-source']
  if (source)
    return [object('PutObject'), object('GetObject', decodeURIComponent(String(source)).replace(/^\/?[^/]*\//, ''))]
  return [object(method === 'GET' || method === 'HEAD' ? 'GetObject' : 'PutObject')]
}

/** After the table for AWS Lambda. Who makes a function hands its role on, and needs a right for its tags. */
export function lambdaNeeds({ method, url, body }: Seen): Need[] {
  const [, name = '', what = ''] = /functions\/([^/]+)\/?(.*)$/.exec(url.pathname) ?? []
  const route = `${method} ${/invocations$/.test(what) ? 'invocations' : (/[^/]+$/.exec(url.pathname)?.[0] ?? '')}`
  if (route === 'POST functions') {
    const { FunctionName, Role, Tags } = JSON.parse(body) as { FunctionName: string; Role: string; Tags?: object }
    const actions = ['CreateFunction', ...(Tags ? ['TagResource'] : [])]
    const made = actions.map((action) => ({ action: `lambda:${action}`, resource: functionArn(FunctionName) }))
    return [...made, { action: 'iam:PassRole', resource: Role }]
  }
  const known = LAMBDA[route === `${method} ${name}` ? `${method} function` : route]
  if (known?.endsWith('*')) return [{ action: `lambda:${known.slice(0, -2)}`, resource: '*' }]
  return [{ action: `lambda:${known ?? route}`, resource: functionArn(name) }]
}

/** Those that belong to no function end in `*`. */
const LAMBDA: Record<string, string> = {
  'POST invocations': 'InvokeFunction',
  'GET configuration': 'GetFunctionConfiguration',
  'GET event-invoke-config': 'GetFunctionEventInvokeConfig',
  'PUT event-invoke-config': 'PutFunctionEventInvokeConfig',
  'DELETE function': 'DeleteFunction',
  'GET functions': 'ListFunctions *',
  'GET account-settings': 'GetAccountSettings *',
}

const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
