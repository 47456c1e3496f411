/** Edits of a cell's text. Pure. */
import { MayflyError } from '@mayfly/executor/errors'

/** Replaces `length` UTF-16 code units at `offset`. */
export interface TextChange {
  offset: number
  length: number
  text: string
}

/** Applies changes one after the other, each in the text the one before has left. @throws `E_LANGUAGE_EDIT` outside the text. */
export function applyChanges(text: string, changes: readonly TextChange[]): string {
  let result = text
  for (const { offset, length, text: inserted } of changes) {
    if (offset + length > result.length)
      throw new MayflyError(
        'E_LANGUAGE_EDIT',
        `an edit at ${offset} + ${length} is outside a cell of ${result.length}`,
        {
          hint: 'Send the cells again.',
        },
      )
    result = result.slice(0, offset) + inserted + result.slice(offset + length)
  }
  return result
}

/** Lines end with `\n` on both sides, whatever the file says. */
export const normalise = (source: string): string => source.replace(/\r\n?/g, '\n')
