/** Stretches of a text, and their replacement. Pure. */

/** Offsets are those of the string. */
export interface Range {
  start: number
  end: number
}

/** Replaces a stretch of a function's text. */
export interface Edit extends Range {
  text: string
}

/** Applies edits that do not overlap; an edit inside a larger one is dropped. Replaced text keeps its line breaks. */
export function applyEdits(text: string, edits: Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.start - b.start || b.end - a.end)
  let result = ''
  let at = 0
  for (const edit of sorted) {
    if (edit.start < at) continue
    const breaks = (text.slice(edit.start, edit.end).match(/\n/g)?.length ?? 0) - (edit.text.match(/\n/g)?.length ?? 0)
    result += text.slice(at, edit.start) + edit.text + '\n'.repeat(Math.max(0, breaks))
    at = edit.end
  }
  return result + text.slice(at)
}
