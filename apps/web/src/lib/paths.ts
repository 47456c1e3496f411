/** Address of a notebook's page; `path` is relative to the workspace, with `/` between folders. `cell` focuses one. */
export function notebookHref(path: string, cell?: string): string {
  const base = `/n/${path.split('/').map(encodeURIComponent).join('/')}`
  return cell ? `${base}#${encodeURIComponent(cell)}` : base
}

/** The path of a notebook from the segments of its address. */
export function pathOfSegments(segments: readonly string[]): string {
  return segments.map(decodeURIComponent).join('/')
}
