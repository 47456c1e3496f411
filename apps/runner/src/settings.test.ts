/** The configuration over HTTP: what is in force, changing the file, and asking the account. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestRunner, type TestRunner } from './fixtures/runner.js'
import { changed } from './settings/file.js'

let runner: TestRunner
let file: string

beforeAll(async () => {
  runner = await startTestRunner(undefined, {
    ...{ MAYFLY_WORKERS: '3', XDG_CONFIG_HOME: '/nowhere', NAME: 'x' },
    ...{ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
  })
  file = join(runner.root, 'mayfly.config.json')
})
afterEach(() => {
  for (const name of readdirSync(runner.root))
    if (name.startsWith('mayfly.config')) rmSync(join(runner.root, name), { force: true })
})
afterAll(() => runner.stop())

const get = async () => (await runner.http('GET', '/api/mayfly/config')).json
const put = (body: unknown, etag: string) =>
  runner.http('PUT', '/api/mayfly/config', { headers: { 'if-match': `"${etag}"` }, body })
const LAMBDA = { region: 'eu-central-1', role: 'arn:aws:iam::123456789012:role/mayfly' }

describe('what is in force', () => {
  test('comes with sources and without secrets', async () => {
    writeFileSync(
      file,
      JSON.stringify({ aws_s3: { region: 'eu-central-1', bucket: 'b', secretAccessKey: 'hush', accessKeyId: 'x' } }),
    )
    const report = await get()
    expect(report).toMatchObject({ file, options: { workers: 3, backend: 'localhost', aws_s3: { bucket: 'b' } } })
    expect(report.sources).toMatchObject({ workers: 'environment MAYFLY_WORKERS', aws_s3: `file ${file}` })
    expect(report.backends).toEqual([
      { name: 'localhost', configured: true },
      { name: 'aws_lambda', configured: false },
    ])
    expect(JSON.stringify(report)).not.toContain('hush')
  })

  test('a file that cannot be used is told of, not hidden', async () => {
    writeFileSync(file, '{"wrokers":1}')
    expect((await get()).fault).toMatchObject({
      code: 'E_CONFIG_UNKNOWN_KEY',
      hint: expect.stringContaining('workers'),
    })
  })

  test('a file of code is read, cannot be written, and does not end the runner', async () => {
    const code = join(runner.root, 'mayfly.config.ts')
    writeFileSync(code, 'console.log("noise")\nexport default { name: "code" }')
    const report = await get()
    expect(report).toMatchObject({
      options: { name: 'code' },
      target: { reason: expect.stringContaining('mayfly.config.ts') },
    })
    expect((await put({ aws_lambda: LAMBDA }, report.target.etag)).json.code).toBe('E_CONFIG_READ_ONLY')
    writeFileSync(code, 'process.exit(3)')
    expect((await runner.http('GET', '/api/mayfly/config')).json.code).toBe('E_CONFIG_READER')
    expect((await runner.http('GET', '/api/status')).status).toBe(200)
  })
})

describe('a change', () => {
  test('makes the file, and what is in it can be changed and removed', async () => {
    const { target } = await get()
    expect(target).toEqual({ path: 'mayfly.config.json', etag: 'absent' })
    const made = await put({ aws_lambda: LAMBDA, aws_s3: { region: 'eu-central-1', bucket: 'mine' } }, target.etag)
    expect(made.status).toBe(200)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      aws_lambda: LAMBDA,
      aws_s3: { region: 'eu-central-1', bucket: 'mine' },
    })
    expect((await get()).backends).toContainEqual({ name: 'aws_lambda', configured: true })
    const functions = { '512': 'mayfly-512' }
    const change = { aws_s3: { region: null, bucket: null }, aws_lambda: { role: null, functions } }
    expect((await put(change, made.json.etag)).status).toBe(200)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ aws_lambda: { region: LAMBDA.region, functions } })
  })

  test('of a file that has changed meanwhile is refused, also when two come at once', async () => {
    writeFileSync(file, '{}')
    const { etag } = (await get()).target
    const answers = await Promise.all(
      ['one', 'two'].map((profile) => put({ aws_lambda: { ...LAMBDA, profile } }, etag)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(answers.find(({ status }) => status === 409)!.json).toMatchObject({ code: 'E_CONFIG_CONFLICT' })
    expect((await runner.http('PUT', '/api/mayfly/config', { body: {} })).status).toBe(400)
  })

  test.each([
    ['a bad region', { aws_lambda: { ...LAMBDA, region: 'Frankfurt' } }, 422, 'region'],
    ['a bucket without a region', { aws_s3: { bucket: 'mine' } }, 422, 'region'],
    ['a secret key', { aws_s3: { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' } }, 400, '{{env.NAME}}'],
    ['a key where a profile belongs', { aws_lambda: { ...LAMBDA, profile: 'AKIAIOSFODNN7EXAMPLE' } }, 400, 'key'],
    ['a field that is not for pages', { aws_lambda: { environment: { A: '1' } } }, 400, 'environment'],
  ])('with %s is refused and nothing is written', async (_, body, status, part) => {
    const answer = await put(body, (await get()).target.etag)
    expect(answer.status).toBe(status)
    expect(answer.json.message).toContain(part)
    expect(readdirSync(runner.root)).not.toContain('mayfly.config.json')
  })

  test('keeps whatever else is in the file, and its indentation', () => {
    const old = '{\n    "name": "mine",\n    "aws_lambda": {\n        "timeout": 3,\n        "role": "r"\n    }\n}\n'
    expect(changed(old, { aws_lambda: { role: null, region: 'x' } })).toBe(
      '{\n    "name": "mine",\n    "aws_lambda": {\n        "timeout": 3,\n        "region": "x"\n    }\n}\n',
    )
    expect(() => changed('[', {})).toThrow(/not JSON/)
    expect(() => changed('[]', {})).toThrow(/one object/)
  })
})

describe('asking the account', () => {
  let silent: Server
  afterAll(() => silent?.close())

  test('answers step by step, with the fix', async () => {
    const answer = await runner.http('POST', '/api/mayfly/doctor/aws')
    const checks = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(checks[0]).toMatchObject({ step: 'configuration', state: 'bad', fix: expect.stringContaining('aws_lambda') })
    expect(checks).toHaveLength(8)
  })

  test('ends when nobody listens any more', async () => {
    let asked = () => {}
    const reached = new Promise<void>((resolve) => (asked = resolve))
    const closed = new Promise<void>((resolve) => {
      silent = createServer((request) => {
        asked()
        request.socket.on('close', resolve)
      })
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const keys = { accessKeyId: '{{env.NAME}}', secretAccessKey: '{{env.NAME}}' }
    writeFileSync(
      file,
      JSON.stringify({ aws_lambda: { ...LAMBDA, endpoint }, aws_s3: { bucket: 'mine', endpoint, ...keys } }),
    )
    const stop = new AbortController()
    const headers = { authorization: `token ${runner.ticket}` }
    const response = await fetch(new URL('/api/mayfly/doctor/aws', runner.base), {
      method: 'POST',
      headers,
      signal: stop.signal,
    })
    expect(response.status).toBe(200)
    await reached
    stop.abort()
    await closed
  })
})
