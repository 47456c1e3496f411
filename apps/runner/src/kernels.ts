/** The kernels that run and the sessions that tie them to notebooks. */
import { randomUUID } from 'node:crypto'
import { MayflyError } from '@mayfly/executor/errors'
import type { RunHeader } from '@mayfly/executor/events'
import { Hub } from './channels/hub.js'
import { type Idleness, idleLimits, judgeIdleness } from './culling.js'
import type { Documents } from './documents/documents.js'
import type { Kernel, Notice } from './kernel/index.js'
import { notFound } from './problem.js'
import { SpareKernel } from './spare.js'
import { baseName, movedPath, normalizePath } from './workspace/paths.js'

/** The one kind of kernel there is. */
export const KERNEL_NAME = 'mayfly'

export interface KernelModel {
  id: string
  name: string
  last_activity: string
  execution_state: string
  connections: number
}

export interface SessionModel {
  id: string
  path: string
  name: string
  type: string
  kernel: KernelModel
  notebook?: { path: string; name: string }
}

export interface RunningKernel {
  id: string
  kernel: Kernel
  hub: Hub
  idleness: Idleness
  /** Path of its notebook or console relative to the workspace; '' without one. */
  path: string
}

interface Session {
  id: string
  path: string
  name: string
  type: string
  kernelId: string
}

export interface SessionRequest {
  path: string
  name?: string | undefined
  type?: string | undefined
  kernel?: { id?: string | null | undefined; name?: string | null | undefined } | null | undefined
}

export interface CullingOptions {
  /** Minutes without activity after which a kernel is ended; 0 for never. */
  idleMinutes: number
  /** The runs of all executors: a kernel with one that is alive is not idle. */
  runs(): Promise<RunHeader[]>
}

/** How often idle kernels are looked at, at most. */
const LOOK_MS = 30_000
const LOOKS_PER_LIMIT = 20

export class Kernels {
  /** Set once, right after both are made: documents ask which notebooks have a kernel. */
  documents!: Documents
  private readonly running = new Map<string, RunningKernel>()
  private readonly sessions = new Map<string, Session>()
  private readonly starting = new Map<string, Promise<SessionModel>>()

  private readonly spare: SpareKernel

  private readonly lookout: NodeJS.Timeout | undefined

  constructor(
    private readonly folders: { workspace: string; home: string },
    private readonly culling: CullingOptions,
  ) {
    this.spare = new SpareKernel(() => this.make())
    this.spare.prepare()
    const { idleMinutes } = culling
    const every = Math.min(LOOK_MS, (idleMinutes * 60_000) / LOOKS_PER_LIMIT)
    // What cannot be judged now is judged next time.
    if (idleMinutes > 0) this.lookout = setInterval(() => void this.cull().catch(() => undefined), every).unref()
  }

  list(): KernelModel[] {
    return [...this.running.values()].map(modelOf)
  }

  /** Throws `E_NOT_FOUND`. */
  get(id: string): RunningKernel {
    const running = this.running.get(id)
    if (!running) throw notFound('kernel', id)
    return running
  }

  model(id: string): KernelModel {
    return modelOf(this.get(id))
  }

  /** The kernel that works on a notebook. */
  ofNotebook(path: string): RunningKernel | undefined {
    return [...this.running.values()].find((running) => running.path === path)
  }

  /** Starts a kernel; resolves when it is ready. Throws `E_KERNEL_UNKNOWN_SPEC`, or what the kernel says. */
  async start(name: string = KERNEL_NAME, path = ''): Promise<KernelModel> {
    if (name !== KERNEL_NAME)
      throw new MayflyError('E_KERNEL_UNKNOWN_SPEC', `there is no kernel ${JSON.stringify(name)}`, {
        hint: `The only kernel here is ${JSON.stringify(KERNEL_NAME)}.`,
      })
    const spare = this.spare.take()
    if (spare && path) spare.rename(path)
    const kernel = spare ?? (await this.make(path))
    const hub = new Hub(kernel, () => this.documents.peek(running.path))
    const running: RunningKernel = { id: kernel.id, kernel, path, hub, idleness: { activeAt: Date.now() } }
    await kernel.start()
    this.running.set(kernel.id, running)
    return modelOf(running)
  }

  interrupt(id: string): Promise<void> {
    return this.get(id).kernel.interrupt()
  }

  /** A new process in place of the old one; cells under way end with an error in words. */
  async restart(id: string): Promise<KernelModel> {
    const running = this.get(id)
    running.hub.explain('KernelRestarted', 'The kernel was restarted while this cell ran.')
    await running.kernel.restart()
    return modelOf(running)
  }

  /** The user wants an idle kernel to stay: its time begins anew. Throws `E_NOT_FOUND`. */
  keep(id: string): void {
    const running = this.get(id)
    if (running.idleness.until !== undefined) running.kernel.notify(KEPT)
    running.idleness = { activeAt: Date.now() }
  }

  /** Looks at every kernel once: warns of those that are idle for long, ends those that were warned of in vain. */
  private async cull(): Promise<void> {
    const limits = idleLimits(this.culling.idleMinutes)
    const alive = (await this.culling.runs()).filter(({ status }) => status === 'running')
    for (const running of [...this.running.values()]) {
      const { kernel, path } = running
      const works = kernel.executionState === 'busy' || alive.some(({ notebook }) => (notebook ?? '') === path)
      const facts = { now: Date.now(), lastActivity: kernel.lastActivity.getTime(), busy: works }
      const { verdict, after } = judgeIdleness(running.idleness, facts, limits)
      running.idleness = after
      if (verdict === 'warn') kernel.notify(idleNotice(limits.limitMs, after.until!))
      else if (verdict === 'withdraw') kernel.notify(KEPT)
      else if (verdict === 'end') {
        kernel.notify(culledNotice(limits.limitMs))
        await this.remove(running.id)
      }
    }
  }

  /** Ends a kernel and the sessions on it. */
  async remove(id: string): Promise<void> {
    const running = this.get(id)
    this.running.delete(id)
    for (const session of [...this.sessions.values()]) if (session.kernelId === id) this.sessions.delete(session.id)
    running.hub.explain('KernelStopped', 'The kernel was shut down while this cell ran.')
    await running.kernel.shutdown()
    running.hub.close(1000, 'the kernel was shut down')
    await this.documents.peek(running.path)?.flush()
  }

  listSessions(): SessionModel[] {
    return [...this.sessions.values()].map((session) => this.sessionModel(session))
  }

  /** Throws `E_NOT_FOUND`. */
  getSession(id: string): SessionModel {
    const session = this.sessions.get(id)
    if (!session) throw notFound('session', id)
    return this.sessionModel(session)
  }

  /** The session of a path: the one there is, or a new one with a new or the given kernel. Calls at the same time share one. */
  createSession(request: SessionRequest): Promise<SessionModel> {
    const path = normalizePath(request.path)
    const existing = [...this.sessions.values()].find((session) => session.path === path)
    if (existing) return this.revive(existing)
    let starting = this.starting.get(path)
    if (!starting) {
      starting = this.openSession(path, request).finally(() => this.starting.delete(path))
      this.starting.set(path, starting)
    }
    return starting
  }

  /** Renames a session or gives it another kernel; the kernel it had is ended when nothing else uses it. */
  async patchSession(id: string, patch: Partial<SessionRequest>): Promise<SessionModel> {
    const session = this.sessions.get(id)
    if (!session) throw notFound('session', id)
    if (patch.path !== undefined) this.setPath(session, normalizePath(patch.path))
    if (patch.name !== undefined) session.name = patch.name
    if (patch.type !== undefined) session.type = patch.type
    const { id: kernelId, name } = patch.kernel ?? {}
    if (kernelId ? kernelId !== session.kernelId : name) {
      const old = session.kernelId
      const next = kernelId ? this.model(kernelId).id : (await this.start(name ?? KERNEL_NAME, session.path)).id
      session.kernelId = next
      if (![...this.sessions.values()].some((other) => other.kernelId === old) && this.running.has(old))
        await this.remove(old)
    }
    return this.sessionModel(session)
  }

  async removeSession(id: string): Promise<void> {
    const session = this.sessions.get(id)
    if (!session) throw notFound('session', id)
    this.sessions.delete(id)
    const shared = [...this.sessions.values()].some((other) => other.kernelId === session.kernelId)
    if (!shared && this.running.has(session.kernelId)) await this.remove(session.kernelId)
  }

  /** Follows a renamed file or folder. */
  moved(from: string, to: string): void {
    for (const session of this.sessions.values()) {
      const path = movedPath(session.path, from, to)
      if (path !== undefined) this.setPath(session, path)
    }
  }

  /** Ends all kernels. */
  async close(): Promise<void> {
    clearInterval(this.lookout)
    this.sessions.clear()
    await Promise.allSettled([this.spare.close(), ...[...this.running.keys()].map((id) => this.remove(id))])
  }

  // The kernel brings compilers along: loaded after the server answers, it does not hold up the start.
  private async make(notebook?: string): Promise<Kernel> {
    const { Kernel } = await import('./kernel/index.js')
    return new Kernel({ id: randomUUID(), ...this.folders, ...(notebook ? { notebook } : {}) })
  }

  private async openSession(path: string, request: SessionRequest): Promise<SessionModel> {
    const { id: kernelId, name } = request.kernel ?? {}
    // Without a readable notebook the kernel still works, only nothing is kept.
    if (path.endsWith('.ipynb')) await this.documents.open(path).catch(() => undefined)
    const kernel = kernelId ? this.model(kernelId) : await this.start(name ?? KERNEL_NAME, path)
    const type = request.type ?? 'notebook'
    const session = { id: randomUUID(), path, name: request.name ?? baseName(path), type, kernelId: kernel.id }
    this.sessions.set(session.id, session)
    const running = this.get(kernel.id)
    if (running.path === '') this.rename(running, path)
    return this.sessionModel(session)
  }

  /** A session whose kernel could not be kept alive gets a new try when someone opens it. */
  private async revive(session: Session): Promise<SessionModel> {
    const { kernel } = this.get(session.kernelId)
    if (kernel.executionState === 'dead')
      await kernel.restart().catch((error) => {
        // A shutdown that was still under way turned the waiting off, not the new process.
        if (error.code !== 'E_KERNEL_DEAD') throw error
        return kernel.start()
      })
    return this.sessionModel(session)
  }

  private setPath(session: Session, path: string): void {
    if (session.name === baseName(session.path)) session.name = baseName(path)
    const running = this.running.get(session.kernelId)
    if (running?.path === session.path) this.rename(running, path)
    session.path = path
  }

  private rename(running: RunningKernel, path: string): void {
    running.path = path
    running.kernel.rename(path)
  }

  private sessionModel(session: Session): SessionModel {
    const { id, path, name, type, kernelId } = session
    const notebook = type === 'notebook' ? { notebook: { path, name } } : {}
    return { id, path, name, type, kernel: this.model(kernelId), ...notebook }
  }
}

function modelOf({ id, kernel, hub }: RunningKernel): KernelModel {
  return {
    id,
    name: KERNEL_NAME,
    last_activity: kernel.lastActivity.toISOString(),
    execution_state: kernel.executionState,
    connections: hub.connections,
  }
}

const KEPT: Notice = { code: 'E_KERNEL_KEPT', message: 'The kernel stays.' }

const inWords = (ms: number): string =>
  ms >= 3_600_000 ? `${+(ms / 3_600_000).toFixed(1)} h` : `${+(ms / 60_000).toFixed(1)} min`

function idleNotice(limitMs: number, until: number): Notice {
  return {
    code: 'E_KERNEL_CULL',
    message: `Nothing has run here for a long time: the kernel ends after ${inWords(limitMs)} without activity, and its variables with it.`,
    hint: 'Keep it, or run a cell. MAYFLY_KERNEL_IDLE_MINUTES sets the time, 0 for never.',
    action: 'keep',
    until: new Date(until).toISOString(),
  }
}

function culledNotice(limitMs: number): Notice {
  return {
    code: 'E_KERNEL_CULLED',
    message: `The kernel was ended after ${inWords(limitMs)} without activity. Outputs are kept, variables are not.`,
    hint: 'Run a cell to start a new one.',
  }
}
