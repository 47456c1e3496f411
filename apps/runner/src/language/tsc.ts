/** One `tsc --lsp --stdio` process and the talk with it. Knows the protocol, nothing of notebooks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MayflyError } from '@mayfly/executor/errors'
import {
  type CancellationToken,
  createProtocolConnection,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node'

const require = createRequire(import.meta.url)

/** How long a stopped process may take before it is killed, ms. */
const STOP_MS = 2000
/** What is kept of stderr, to say why it died. */
const STDERR_CHARS = 2000

/** Answers to the server's question for settings. */
const SETTINGS = {
  suggest: { autoImports: false },
  format: { semicolons: 'ignore' },
  preferences: { useAliasesForRenames: true },
}

export class Tsc {
  /** Settled with the reason in words when the process has ended, however that came. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #connection: ProtocolConnection
  readonly #versions = new Map<string, number>()
  #alive = true

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#connection = createProtocolConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    )
    let stderr = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-STDERR_CHARS)
    })
    // A write to a process that has just died must not take the runner along.
    child.stdin!.on('error', () => {})
    this.#connection.onError(() => {})
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#alive = false
        this.#connection.dispose()
        resolve(stderr.trim() ? `${reason}: ${stderr.trim()}` : reason)
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => end(`it ended with ${signal ?? `code ${code}`}`))
    })
  }

  /** Starts a process for the files below `folder`. @throws `E_LANGUAGE_START` */
  static async start(folder: string): Promise<Tsc> {
    const child = spawn(executable(), ['--lsp', '--stdio'], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
    const tsc = new Tsc(child)
    const connection = tsc.#connection
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => SETTINGS))
    for (const method of [
      'client/registerCapability',
      'window/workDoneProgress/create',
      'workspace/diagnostic/refresh',
    ])
      connection.onRequest(method, () => null)
    connection.listen()
    const uri = pathToFileURL(folder).href
    const greeting = connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'workspace' }],
      capabilities: CAPABILITIES,
    })
    const failed = tsc.ended.then((reason) => {
      throw new MayflyError('E_LANGUAGE_START', `the TypeScript language server did not start: ${reason}`, {
        hint: 'Notebooks still run. Install the packages again: npm ci.',
      })
    })
    await Promise.race([greeting, failed])
    await connection.sendNotification('initialized', {})
    return tsc
  }

  get pid(): number | undefined {
    return this.#alive ? this.#child.pid : undefined
  }

  /** Shows the server a text in the place of a file; the file need not exist. */
  show(file: string, text: string): void {
    if (!this.#alive) return
    const uri = uriOf(file)
    const version = (this.#versions.get(file) ?? 0) + 1
    this.#versions.set(file, version)
    if (version === 1) {
      const languageId = file.endsWith('.json') ? 'json' : 'typescript'
      this.#notify('textDocument/didOpen', { textDocument: { uri, languageId, version, text } })
    } else this.#notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] })
  }

  /** Takes a text back. */
  hide(file: string): void {
    if (!this.#versions.delete(file)) return
    this.#notify('textDocument/didClose', { textDocument: { uri: uriOf(file) } })
  }

  /** Says that files changed on disk. */
  changed(files: readonly { file: string; type: 1 | 2 | 3 }[]): void {
    const changes = files.map(({ file, type }) => ({ uri: uriOf(file), type }))
    this.#notify('workspace/didChangeWatchedFiles', { changes })
  }

  /** @throws what the server answers, or `TscEnded` when the process has ended. */
  async request<Result>(method: string, parameters: object, token?: CancellationToken): Promise<Result> {
    if (!this.#alive) throw new TscEnded()
    try {
      // An absent token would be sent as a second parameter.
      return token
        ? await this.#connection.sendRequest<Result>(method, parameters, token)
        : await this.#connection.sendRequest<Result>(method, parameters)
    } catch (error) {
      // The connection rejects what waits when it is closed.
      throw this.#alive ? error : new TscEnded()
    }
  }

  /** Asks it to leave, then makes it. */
  async stop(): Promise<void> {
    if (!this.#alive) return
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    this.#connection
      .sendRequest('shutdown')
      .then(() => this.#connection.sendNotification('exit'))
      .catch(() => this.#child.kill('SIGKILL'))
    await this.ended
    clearTimeout(killing)
  }

  #notify(method: string, parameters: object): void {
    if (this.#alive) this.#connection.sendNotification(method, parameters).catch(() => {})
  }
}

/** The process ended while something was asked of it. */
export class TscEnded extends MayflyError {
  constructor() {
    super('E_LANGUAGE_ENDED', 'the TypeScript language server ended', { hint: 'It is started again; ask once more.' })
  }
}

export const uriOf = (file: string): string => pathToFileURL(file).href

/** The native compiler of the installed TypeScript; its own launcher would be a Node process in between. */
export function executable(): string {
  const name = `@typescript/typescript-${process.platform}-${process.arch}`
  const from = createRequire(require.resolve('typescript/package.json'))
  try {
    return join(dirname(from.resolve(`${name}/package.json`)), 'lib', process.platform === 'win32' ? 'tsc.exe' : 'tsc')
  } catch (cause) {
    throw new MayflyError('E_LANGUAGE_START', `TypeScript's compiler for this computer, ${name}, is not installed`, {
      cause,
      hint: 'Notebooks still run. Install the packages again, optional ones too: npm ci.',
    })
  }
}

const MARKDOWN = ['markdown', 'plaintext']
const CAPABILITIES = {
  textDocument: {
    completion: {
      completionItem: {
        snippetSupport: true,
        documentationFormat: MARKDOWN,
        deprecatedSupport: true,
        resolveSupport: { properties: ['documentation', 'detail', 'additionalTextEdits'] },
      },
    },
    signatureHelp: {
      signatureInformation: {
        documentationFormat: MARKDOWN,
        parameterInformation: { labelOffsetSupport: true },
        activeParameterSupport: true,
      },
    },
    hover: { contentFormat: MARKDOWN },
    diagnostic: { tagSupport: { valueSet: [1, 2] } },
    rename: { prepareSupport: true },
  },
  workspace: { configuration: true },
}
