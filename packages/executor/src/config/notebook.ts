/** Options that a notebook keeps for itself, under `mayfly` in its metadata: what its toolbar offers. Pure. */

/** The options a notebook may set. Not `home` and the like: a notebook that somebody sends must not say where files go. */
export const NOTEBOOK_KEYS = ['backend', 'storage', 'runtimeMemory', 'workers', 'budget'] as const

export type NotebookKey = (typeof NOTEBOOK_KEYS)[number]

/** What of `metadata.mayfly` an executor is given. Values are checked when one is made, like any others. */
export type NotebookSettings = Partial<Record<NotebookKey, unknown>>

/** The settings in the metadata of a notebook; empty without any. Anything else under `mayfly` is left alone. */
export function notebookSettings(metadata: Record<string, unknown>): NotebookSettings {
  const { mayfly } = metadata
  if (typeof mayfly !== 'object' || mayfly === null) return {}
  const kept = mayfly as Record<string, unknown>
  return Object.fromEntries(
    NOTEBOOK_KEYS.filter((key) => kept[key] !== undefined && kept[key] !== null).map((key) => [key, kept[key]]),
  )
}
