/** What this process holds of locks and semaphores: one set, also when functions bring their own copy of this module along. */

const HELD = Symbol.for('mayfly.shared.held')

export const held: Set<{ release(): Promise<unknown> }> = ((globalThis as Record<symbol, unknown>)[HELD] ??=
  new Set()) as never

/** Gives back what a call has left held. A worker does so between calls: it lives on, and nobody else could. */
export async function releaseHeld(): Promise<void> {
  if (held.size > 0) await Promise.allSettled([...held].map((each) => each.release()))
}
