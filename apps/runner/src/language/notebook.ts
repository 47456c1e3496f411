/** The language service of one open page: takes its edits, answers its questions, tells it what the compiler thinks. */
import { join } from 'node:path'
import { MayflyError, toErrorValue } from '@mayfly/executor/errors'
import type * as lsp from 'vscode-languageserver-protocol'
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node'
import { type CellsChange, type LanguageCell, LanguageCells } from './cells.js'
import { complete, type Given, resolve } from './completion.js'
import { diagnosticsOf } from './diagnostics.js'
import type { LanguageRequest, Question, Reply } from './messages.js'
import { type Desk, definition, format, hover, signature } from './operations.js'
import { references, rename, renameable } from './rename.js'
import { folderOf, type LanguageService, type Member, type ServiceState } from './service.js'
import { uriOf } from './tsc.js'

export class NotebookLanguage implements Member {
  readonly folder: string
  readonly #service: LanguageService
  readonly #send: (reply: Reply) => void
  readonly #cells = new LanguageCells()
  readonly #running = new Map<number, CancellationTokenSource>()
  /** Cells whose diagnostics are wanted, the most urgent first. */
  #wanted = new Set<LanguageCell>()
  #looking = false
  #given: Given | undefined
  #completions = 0
  #closed = false

  /** @param path of the notebook in the workspace */
  constructor(service: LanguageService, path: string, send: (reply: Reply) => void) {
    this.#service = service
    this.folder = folderOf(service.workspace, path)
    this.#send = send
    service.join(this)
  }

  close(): void {
    this.#closed = true
    for (const source of this.#running.values()) source.cancel()
    this.#service.leave(this)
  }

  files(): Iterable<string> {
    return this.#closed ? [] : this.#cells.order.map(({ file }) => file)
  }

  stale(): void {
    this.#look(this.#cells.order)
  }

  state(state: ServiceState): void {
    this.#send({ push: 'state', ...state })
  }

  /** Takes one message of the page; answers come by `send`, also when it cannot be done. */
  receive(message: LanguageRequest): void {
    try {
      if (message.op === 'cells') this.#apply(this.#cells.replace(message.cells))
      else if (message.op === 'edit') this.#edit(message)
      else if (message.op === 'cancel') this.#running.get(message.id)?.cancel()
      else void this.#answer(message)
    } catch (error) {
      // An edit of something that is not there: the page and we have drifted apart.
      if (!(error instanceof MayflyError)) throw error
      this.#send({ push: 'resend' })
    }
  }

  #edit({ cellId, version, changes }: LanguageRequest & { op: 'edit' }): void {
    this.#apply(this.#cells.edit(cellId, version, changes), cellId)
  }

  /** Shows the server what changed; then what depends on it is looked at, the edited cell first. */
  #apply({ changed, gone, added }: CellsChange, first?: string): void {
    for (const cell of gone) {
      this.#wanted.delete(cell)
      this.#service.hide(join(this.folder, cell.file))
    }
    for (const cell of changed) this.#service.show(join(this.folder, cell.file), this.#cells.textOf(cell))
    if (added || gone.length > 0) this.#service.connect(this.folder)
    const edited = changed.filter(({ id }) => id === first)
    const affected = new Set([...edited, ...changed])
    for (const cell of changed) for (const dependent of this.#cells.dependents(cell)) affected.add(dependent)
    this.#look(affected)
  }

  #look(cells: Iterable<LanguageCell>): void {
    this.#wanted = new Set([...cells, ...this.#wanted])
    if (!this.#looking) void this.#lookOn()
  }

  async #lookOn(): Promise<void> {
    this.#looking = true
    try {
      for (;;) {
        const [cell] = this.#wanted
        if (!cell || this.#closed) return
        this.#wanted.delete(cell)
        const { version } = cell
        const report = await this.#report(cell)
        // What was edited meanwhile is wanted again already, or the news would be old.
        if (cell.version !== version || report?.kind !== 'full') continue
        const items = diagnosticsOf(report.items, cell, this.#cells)
        this.#send({ push: 'diagnostics', cellId: cell.id, version, items })
      }
    } catch {
      // The server cannot be had; the state says so, and the next edit asks again.
      this.#wanted.clear()
    } finally {
      this.#looking = false
    }
  }

  async #answer(question: Question): Promise<void> {
    const source = new CancellationTokenSource()
    this.#running.set(question.id, source)
    try {
      const desk: Desk = {
        workspace: this.#service.workspace,
        folder: this.folder,
        cells: this.#cells,
        ask: (method, parameters) => this.#service.request(this.folder, method, parameters, source.token),
      }
      const result = (await this.#do(desk, question)) ?? null
      if (!source.token.isCancellationRequested) this.#send({ id: question.id, result })
    } catch (error) {
      if (source.token.isCancellationRequested) return
      const { code = 'E_LANGUAGE', message, hint } = toErrorValue(error)
      this.#send({ id: question.id, error: { code, message, ...(hint ? { hint } : {}) } })
    } finally {
      this.#running.delete(question.id)
      source.dispose()
    }
  }

  async #do(desk: Desk, question: Question): Promise<unknown> {
    if (question.op === 'resolve') return await resolve(desk, question.ref, this.#given)
    const cell = this.#cells.get(question.cellId)
    if (question.op === 'format') return await format(desk, cell)
    const place = { line: question.line, character: question.character }
    switch (question.op) {
      case 'complete': {
        const { answer, given } = await complete(desk, cell, place, ++this.#completions)
        this.#given = given
        return answer
      }
      case 'hover':
        return await hover(desk, cell, place)
      case 'signature':
        return await signature(desk, cell, place)
      case 'definition':
        return await definition(desk, cell, place)
      case 'references':
        return await references(desk, cell, place)
      case 'renameable':
        return await renameable(desk, cell, place)
      case 'rename':
        return await rename(desk, cell, place, question.name)
    }
  }

  async #report(cell: LanguageCell): Promise<lsp.DocumentDiagnosticReport | undefined> {
    const textDocument = { uri: uriOf(join(this.folder, cell.file)) }
    try {
      return await this.#service.request(this.folder, 'textDocument/diagnostic', { textDocument })
    } catch (error) {
      // Our own errors mean that no server can be had; the server's own concern this cell only.
      if (error instanceof MayflyError) throw error
      return undefined
    }
  }
}
