/**
 * Live runs outside React. A `RunFeed` holds one run's model; the `FeedHub` of a page keeps the feeds that are looked at
 * up to date through one subscription, whatever their number: a browser has but six connections to an origin.
 */

import { decodeBatch, type RunEventBatch } from '../lib/run-batch'
import type { ApiClient } from '../lib/trpc'
import { RunModel } from './model'

export type FeedState = 'connecting' | 'live' | 'ended' | 'missing'

interface News {
  runId: string
  events?: RunEventBatch
  end?: string
}

export class RunFeed {
  readonly model = new RunModel()
  state: FeedState = 'connecting'
  private receivedAt = 0
  private readonly listeners = new Set<() => void>()

  constructor(readonly runId: string) {}

  /** The run's present, ms since the epoch on its host's clock; the end of the log when the run is over. */
  now(): number {
    const { end, status } = this.model
    if (status !== 'running' || this.receivedAt === 0 || this.state === 'ended') return end
    return end + (performance.now() - this.receivedAt)
  }

  /** Whether the picture moves by itself. */
  get moving(): boolean {
    return this.state === 'live' && this.model.status === 'running'
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  receive(news: News): void {
    if (news.events && this.model.fold(decodeBatch(news.events))) this.receivedAt = performance.now()
    if (this.state === 'connecting') this.state = 'live'
    if (news.end === 'lost') this.model.markLost()
    if (news.end) this.state = news.end === 'missing' && this.model.seq === 0 ? 'missing' : 'ended'
    for (const listener of this.listeners) listener()
  }
}

/** Opens a subscription; returns the way to end it. */
export type Watch = (
  runs: Record<string, number>,
  on: { news(news: News): void; state(connected: boolean): void; error(error: unknown): void },
) => () => void

/** Time in which further feeds join before the subscription is (re)opened, ms. */
const GATHER = 30
/** Pause before a refused subscription is tried again, ms. */
const AGAIN = 2_000

export class FeedHub {
  private readonly feeds = new Map<string, { feed: RunFeed; users: number }>()
  private readonly listeners = new Set<() => void>()
  private close: (() => void) | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Whether the connection stands; pages say so when it does not. */
  connected = true

  constructor(private readonly watch: Watch) {}

  /** The feed of a run, the same for all that ask, kept for the life of the page. */
  feed(runId: string): RunFeed {
    let entry = this.feeds.get(runId)
    if (!entry) this.feeds.set(runId, (entry = { feed: new RunFeed(runId), users: 0 }))
    return entry.feed
  }

  /** Keeps a run up to date until the returned function is called. */
  use(runId: string): () => void {
    const feed = this.feed(runId)
    const entry = this.feeds.get(runId)!
    entry.users++
    if (entry.users === 1 && isOpen(feed)) this.reopenSoon()
    let used = true
    return () => {
      if (!used) return
      used = false
      entry.users--
      if (entry.users === 0 && isOpen(feed)) this.reopenSoon()
    }
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private reopenSoon(delay = GATHER): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.reopen(), delay)
  }

  private reopen(): void {
    this.close?.()
    this.close = undefined
    const runs: Record<string, number> = {}
    for (const [runId, { feed, users }] of this.feeds) if (users > 0 && isOpen(feed)) runs[runId] = feed.model.seq
    if (Object.keys(runs).length === 0) return
    this.close = this.watch(runs, {
      news: (news) => this.feed(news.runId).receive(news),
      state: (connected) => this.setConnected(connected),
      error: () => {
        this.setConnected(false)
        this.reopenSoon(AGAIN)
      },
    })
  }

  private setConnected(connected: boolean): void {
    if (connected === this.connected) return
    this.connected = connected
    for (const listener of this.listeners) listener()
  }
}

const isOpen = (feed: RunFeed) => feed.state === 'connecting' || feed.state === 'live'

const hubs = new WeakMap<object, FeedHub>()

/** The hub of a page's API client. */
export function hubOf(client: ApiClient): FeedHub {
  let hub = hubs.get(client)
  if (!hub) hubs.set(client, (hub = new FeedHub(watchThrough(client))))
  return hub
}

const watchThrough =
  (client: ApiClient): Watch =>
  (runs, on) => {
    const subscription = client.runs.watch.subscribe(
      { runs },
      {
        onData: (message) => on.news(message.data),
        onConnectionStateChange: ({ state, error }) => {
          if (state === 'pending') on.state(true)
          // Connecting for the first time is no trouble yet.
          else if (state === 'connecting' && error) on.state(false)
        },
        onError: on.error,
      },
    )
    return () => subscription.unsubscribe()
  }
