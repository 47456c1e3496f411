/** The inspector session the main thread has on itself. */
import { Session } from 'node:inspector'

export class MainSession {
  #session = connected()

  /** Sends a command; all but an evaluation that awaits answer before this returns. */
  post<Result extends object>(
    method: string,
    parameters: object,
    answer?: (error: Error | null, result: Result) => void,
  ): void {
    this.#session.post(method, parameters, (error, result) => answer?.(error, result as Result))
  }

  /**
   * Starts anew after an evaluation that will never settle. When its promise is collected, V8 would report so to the session, from
   * within the garbage collector, where Node may not call back: a fatal error. A closed session is not reported to.
   */
  renew(): void {
    this.#session.disconnect()
    this.#session = connected()
  }

  close(): void {
    this.#session.disconnect()
  }
}

function connected(): Session {
  const session = new Session()
  session.connect()
  return session
}
