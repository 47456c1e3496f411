/** `run:seq,run:seq`, the event id that a broken subscription resumes from; `-` when every run has ended. */
export function formatCursors(cursors: Record<string, number>): string {
  const parts = Object.entries(cursors).map(([runId, seq]) => `${runId}:${seq}`)
  return parts.join(',') || '-'
}

/**
 * Where to go on: at the event id when there is one, else at what the page asked for. Only runs the page asked for count,
 * and a run that the event id no longer lists has ended.
 */
export function parseCursors(eventId: string | undefined, asked: Record<string, number>): Record<string, number> {
  if (!eventId) return { ...asked }
  const cursors: Record<string, number> = {}
  for (const part of eventId.split(',')) {
    const [runId = '', seq = ''] = part.split(':')
    if (Object.hasOwn(asked, runId) && /^\d+$/.test(seq)) cursors[runId] = Number(seq)
  }
  return cursors
}
