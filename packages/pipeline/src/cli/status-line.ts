/** Where work stands, in words: one line that is written over in a terminal; elsewhere a plain line every ten seconds. */

/** Terminals are drawn this often at most. */
const LINE_MS = 100
/** Between news that are long in coming the time goes on. */
const TICK_MS = 500
const PLAIN_MS = 10_000

/** A stream of text such as `process.stderr`. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** What a status line says of one piece of news, `seconds` after it came. */
export interface StatusText<T> {
  /** In a terminal; cut at its width. */
  line: (news: T, seconds: number) => string
  /** Elsewhere. */
  plain: (news: T) => string
}

export class StatusLine<T> {
  #drawnAt = Number.NEGATIVE_INFINITY
  #printedAt: number | undefined
  #shown = false
  #latest: { news: T; at: number } | undefined
  #ticking: NodeJS.Timeout | undefined

  /**
   * @param print takes the plain lines where `terminal` is none.
   */
  constructor(
    private readonly text: StatusText<T>,
    private readonly terminal: Output,
    private readonly print: (line: string) => void,
  ) {}

  update(news: T): void {
    const now = performance.now()
    if (!this.terminal.isTTY) {
      this.#printedAt ??= now
      if (now - this.#printedAt < PLAIN_MS) return
      this.#printedAt = now
      this.print(this.text.plain(news))
      return
    }
    this.#latest = { news, at: now }
    this.#ticking ??= setInterval(() => this.#draw(performance.now()), TICK_MS).unref()
    if (now - this.#drawnAt >= LINE_MS) this.#draw(now)
  }

  /** Takes the line away, so that another may be written. */
  clear(): void {
    clearInterval(this.#ticking)
    this.#ticking = this.#latest = undefined
    if (this.#shown) this.terminal.write('\r\x1b[2K')
    this.#shown = false
  }

  #draw(now: number): void {
    if (!this.#latest) return
    const { news, at } = this.#latest
    this.#drawnAt = now
    this.#shown = true
    const text = this.text.line(news, (now - at) / 1000)
    this.terminal.write(`\r\x1b[2K${text.slice(0, (this.terminal.columns ?? 80) - 1)}`)
  }
}

/** `, about 12 s left`; `''` when there is nothing to say. */
export function timeLeft(seconds: number | undefined): string {
  return seconds === undefined || seconds <= 0 ? '' : `, about ${timeText(seconds)} left`
}

/** `12 s`, `3 min`: as exactly as an estimate deserves. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 100) return `${whole} s`
  return whole < 100 * 60 ? `${Math.round(whole / 60)} min` : `${(whole / 3600).toFixed(1)} h`
}
