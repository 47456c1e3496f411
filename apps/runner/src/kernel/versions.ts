/** Versions of Node, and what they mean for a kernel. Pure. */

/** The first major version on which an interrupt never ends a kernel, whatever hooks are active. */
export const SAFE_NODE = 24

/** 24 of `v24.1.0`. */
export const majorOf = (version: string): number => Number.parseInt(version.replace(/^v/, ''), 10)

/** Compares `v24.1.0` and `24.10.2` as numbers, for `sort`. */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string) => version.replace(/^v/, '').split('.').map(Number)
  const [left, right] = [parts(a), parts(b)]
  for (let i = 0; i < 3; i++) if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) - (right[i] ?? 0)
  return 0
}
