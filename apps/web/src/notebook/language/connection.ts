/**
 * The page's line to the language service: keeps the runner's copy of the cells in step with the store, asks questions, receives news.
 * When the line breaks it is opened again and everything is sent anew.
 */
import { MayflyError } from '@mayfly/executor/errors'
import { createStore, type StoreApi } from 'zustand'
import type { RunnerClient } from '../client'
import type { NotebookStore } from '../store'
import { changeBetween, normalise } from './change'
import { ANSWERS, type AnswerOf, type Diagnostic, type Operation, ReplySchema } from './protocol'

export interface LanguageState {
  /** `off` until the first connection and while there is none. */
  readonly state: 'off' | 'starting' | 'ready' | 'failed'
  /** Why it failed, in words. */
  readonly message?: string
  /** What the compiler says, by cell. */
  readonly problems: Readonly<Record<string, readonly Diagnostic[]>>
}

export interface LanguageConnection {
  readonly state: StoreApi<LanguageState>
  /** Asks; rejects when the line is down or the question is given up. */
  ask<Op extends Operation>(op: Op, parameters: object, signal?: AbortSignal): Promise<AnswerOf<Op>>
  dispose(): void
}

/** The first connection waits until the page has settled, ms. */
const FIRST_MS = 300
const RETRY_MS = [500, 1000, 2000, 5000, 10_000]

interface Known {
  source: string
  kind: string
  version: number
}

interface Waiting {
  op: Operation
  resolve: (value: never) => void
  reject: (error: Error) => void
}

/** @param base Address of the runner as the browser sees it, for example `http://localhost:4200/runner`. */
export function connectLanguage(store: NotebookStore, client: RunnerClient, base: string): LanguageConnection {
  const state = createStore<LanguageState>(() => ({ state: 'off', problems: {} }))
  const known = new Map<string, Known>()
  const waiting = new Map<number, Waiting>()
  let order: readonly string[] = []
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let disposed = false
  let questions = 0

  const unsubscribe = store.subscribe((now, before) => {
    if (!now.loaded) return
    if (!socket && !timer && failures === 0) timer = setTimeout(open, FIRST_MS)
    if (now.cells !== before.cells || now.order !== before.order) sync()
  })

  async function open() {
    let token: string
    try {
      // A ticket that is refused looks like any other broken line.
      token = failures > 1 ? await client.renew() : await client.ticket()
    } catch {
      return retry()
    }
    if (disposed) return
    const query = new URLSearchParams({ path: store.getState().path, token })
    const line = new WebSocket(`${base.replace(/^http/, 'ws')}/api/mayfly/language?${query}`)
    socket = line
    line.addEventListener('open', () => {
      failures = 0
      resend()
    })
    line.addEventListener('message', (event: MessageEvent<string>) => receive(event.data))
    line.addEventListener('close', () => {
      if (socket !== line) return
      socket = undefined
      state.setState({ state: 'off' })
      for (const { reject } of waiting.values()) reject(gone())
      waiting.clear()
      retry()
    })
  }

  function retry() {
    clearTimeout(timer)
    if (disposed) return
    timer = setTimeout(open, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)])
    failures += 1
  }

  function resend() {
    known.clear()
    order = []
    sync()
  }

  /** Tells the runner what changed in the store since it was told last. */
  function sync() {
    if (socket?.readyState !== WebSocket.OPEN) return
    const now = store.getState()
    const restructured =
      now.order.length !== order.length ||
      now.order.some((id, i) => id !== order[i] || now.cells[id]?.kind !== known.get(id)?.kind)
    if (restructured) return restructure()
    for (const id of now.order) {
      const cell = known.get(id)!
      const source = now.cells[id]!.source
      if (source === cell.source) continue
      const text = normalise(source)
      if (text !== cell.source) {
        cell.version += 1
        send({ op: 'edit', cellId: id, version: cell.version, changes: [changeBetween(cell.source, text)] })
        cell.source = text
      }
    }
  }

  function restructure() {
    const now = store.getState()
    order = now.order
    const cells = now.order.map((id) => {
      const { kind, source: written } = now.cells[id]!
      const source = normalise(written)
      const before = known.get(id)
      const same = before?.source === source
      const cell = { source, kind, version: (before?.version ?? 0) + (same ? 0 : 1) }
      known.set(id, cell)
      return { id, kind, version: cell.version, ...(same ? {} : { source }) }
    })
    for (const id of known.keys()) if (!now.cells[id]) known.delete(id)
    send({ op: 'cells', cells })
    state.setState(({ problems }) => ({
      problems: Object.fromEntries(Object.entries(problems).filter(([id]) => known.get(id)?.kind === 'code')),
    }))
  }

  function receive(data: string) {
    const parsed = ReplySchema.safeParse(JSON.parse(data))
    if (!parsed.success) return
    const message = parsed.data
    if ('push' in message) {
      if (message.push === 'resend') resend()
      else if (message.push === 'state') state.setState({ state: message.state, message: message.message })
      // What was found in an older text is replaced soon.
      else if (known.get(message.cellId)?.version === message.version)
        state.setState(({ problems }) => ({ problems: { ...problems, [message.cellId]: message.items } }))
      return
    }
    const question = waiting.get(message.id)
    waiting.delete(message.id)
    if (!question) return
    if ('error' in message) {
      const { code, message: text, hint } = message.error
      question.reject(new MayflyError(code, text, hint ? { hint } : {}))
      return
    }
    const answer = ANSWERS[question.op].safeParse(message.result)
    if (answer.success) question.resolve(answer.data as never)
    else question.reject(new MayflyError('E_LANGUAGE_ANSWER', `the answer to ${question.op} was not understood`))
  }

  function send(message: object) {
    socket?.send(JSON.stringify(message))
  }

  return {
    state,
    ask(op, parameters, signal) {
      if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(gone())
      const id = ++questions
      return new Promise((resolve, reject) => {
        waiting.set(id, { op, resolve: resolve as Waiting['resolve'], reject })
        signal?.addEventListener('abort', () => {
          if (!waiting.delete(id)) return
          send({ op: 'cancel', id })
          reject(new MayflyError('E_LANGUAGE_CANCELLED', 'no longer wanted'))
        })
        send({ op, id, ...parameters })
      })
    },
    dispose() {
      disposed = true
      clearTimeout(timer)
      unsubscribe()
      socket?.close()
    },
  }
}

function gone(): MayflyError {
  return new MayflyError('E_LANGUAGE_OFF', 'the language service is not connected', {
    hint: 'It is connected again by itself.',
  })
}
