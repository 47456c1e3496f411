/** Pages that come and go while cells run: whatever they miss they get, once, from the buffer of their session or from the document. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestRunner, type TestRunner } from '../fixtures/runner.js'
import { connectPlain, type PlainClient, type Stamped } from '../fixtures/socket.js'

let runner: TestRunner

beforeAll(async () => {
  runner = await startTestRunner()
})

afterAll(async () => {
  await runner.stop()
})

async function open(path: string): Promise<string> {
  const cells = ['a', 'b'].map((id) => ({ id, cell_type: 'code', source: '', metadata: {} }))
  const content = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells }
  await runner.http('PUT', `/api/contents/${path}`, { body: { type: 'notebook', format: 'json', content } })
  const kernel = { name: 'mayfly' }
  const session = await runner.http('POST', '/api/sessions', { body: { path, type: 'notebook', kernel } })
  return session.json.kernel.id
}

/** What a page shows of a cell: the document it loaded, and what came after. */
class Page {
  private text = ''
  private seq = 0
  private client: PlainClient | undefined
  private seen: Stamped[] = []
  private lives = 0

  constructor(
    private readonly path: string,
    private readonly kernelId: string,
    private readonly name: string,
  ) {}

  /** As a page that is loaded: socket first, then the document. */
  async load(): Promise<void> {
    this.leave()
    this.seen = []
    await this.connect(`${this.name}-${++this.lives}`)
    const { json } = await runner.http('GET', `/api/mayfly/documents/${this.path}`)
    this.text = textOf(json)
    this.seq = json.seq
  }

  /** As a page whose connection broke: the same session again. */
  async reconnect(): Promise<void> {
    if (!this.client) return this.load()
    this.client.socket.terminate()
    this.seen.push(...this.client.seen)
    await this.connect(`${this.name}-${this.lives}`)
  }

  leave(): void {
    this.client?.socket.close(1001)
    this.client = undefined
  }

  shown(): string {
    const later = new Map([...this.seen, ...(this.client?.seen ?? [])].map((stamped) => [stamped.seq, stamped]))
    const own = [...later.values()].filter(({ seq }) => seq > this.seq).sort((a, b) => a.seq - b.seq)
    expect(own.map(({ seq }) => seq)).toEqual(own.map((_, i) => this.seq + 1 + i))
    return own.reduce((text, { cellId, message: { header, content } }) => {
      if (cellId !== 'a') return text
      if (header.msg_type === 'execute_input') return ''
      return header.msg_type === 'stream' ? text + String(content.text) : text
    }, this.text)
  }

  get last(): number {
    const seqs = [...this.seen, ...(this.client?.seen ?? [])].map(({ seq }) => seq)
    return Math.max(this.seq, ...seqs)
  }

  private async connect(session: string): Promise<void> {
    this.client = await connectPlain(runner, this.kernelId, session)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: an answer
function textOf(document: any): string {
  return document.notebook.cells[0].outputs.map(({ text = '' }: { text?: string }) => text).join('')
}

test('three pages that come, go and lose their connection all show everything once', async () => {
  const kernelId = await open('replay.ipynb')
  const driver = await connectPlain(runner, kernelId, 'driver')
  const pages = ['x', 'y', 'z'].map((name) => new Page('replay.ipynb', kernelId, name))
  let running = true
  const code = `for (let i = 0; i < 1500; i++) {
    console.log(i)
    if (i % 40 === 0) await new Promise((done) => setTimeout(done, 20))
  }`
  const done = (async () => {
    for (let run = 0; run < 2; run++) await driver.reply(driver.execute(code, 'a'))
    running = false
  })()
  let seed = 1
  const roll = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n
  const lives = pages.map(async (page) => {
    await page.load()
    while (running) {
      await new Promise((resolve) => setTimeout(resolve, roll(120)))
      if (roll(3) === 0) await page.load()
      else await page.reconnect()
    }
  })
  await Promise.all([done, ...lives])
  const { json } = await runner.http('GET', '/api/mayfly/documents/replay.ipynb')
  expect(textOf(json)).toBe(Array.from({ length: 1500 }, (_, i) => `${i}\n`).join(''))
  const deadline = Date.now() + 20_000
  while (pages.some((page) => page.last < json.seq) && Date.now() < deadline)
    await new Promise((r) => setTimeout(r, 20))
  for (const page of pages) expect(page.shown() === textOf(json)).toBe(true)
  driver.socket.close()
})

test('a question is answered by a page that was opened after it was asked', async () => {
  const kernelId = await open('question.ipynb')
  const driver = await connectPlain(runner, kernelId, 'asked')
  const running = driver.reply(driver.execute('console.log("hello " + prompt("name?"))', 'a'))
  const document = async () => (await runner.http('GET', '/api/mayfly/documents/question.ipynb')).json
  const deadline = Date.now() + 20_000
  while ((await document()).input === null && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20))
  const { input } = await document()
  expect(input).toMatchObject({ cellId: 'a', prompt: expect.stringContaining('name?'), password: false })
  const late = await connectPlain(runner, kernelId, 'late')
  const header = { ...input.header, msg_id: 'answer', msg_type: 'input_reply' }
  const content = { status: 'ok', value: 'you' }
  late.socket.send(JSON.stringify({ channel: 'stdin', header, parent_header: input.header, metadata: {}, content }))
  expect(await running).toBe('ok')
  expect(textOf(await document())).toContain('hello you')
  expect((await document()).input).toBeNull()
  for (const { socket } of [driver, late]) socket.close()
})
