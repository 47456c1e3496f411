/** The smallest single replacement that turns one text into another. Pure. */
export interface TextChange {
  offset: number
  length: number
  text: string
}

export function changeBetween(before: string, after: string): TextChange {
  const limit = Math.min(before.length, after.length)
  let start = 0
  while (start < limit && before.charCodeAt(start) === after.charCodeAt(start)) start += 1
  let end = 0
  while (end < limit - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end))
    end += 1
  return { offset: start, length: before.length - end - start, text: after.slice(start, after.length - end) }
}

/** Lines end with `\n` in editors and for the runner, whatever the file says. */
export const normalise = (source: string): string => source.replace(/\r\n?/g, '\n')
