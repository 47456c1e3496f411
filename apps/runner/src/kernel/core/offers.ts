/** What completion offers, from what the child knows: order, quotes of keys, keywords. Pure. */
import type { Offer } from '../child/lookup.js'
import type { Completion } from './cursor.js'
import { userName } from './declared.js'

export interface Match {
  text: string
  type: Offer['type'] | 'keyword'
}

const KEYWORDS = (
  'abstract as async await break case catch class const continue debugger default delete do else enum export extends false finally ' +
  'for from function if implements import in instanceof interface keyof let new null of private protected public readonly return ' +
  'satisfies static super switch this throw true try type typeof undefined using var void while yield'
).split(' ')

/**
 * Matches in the order to show them: what begins with a letter before what begins with `_`, then by name.
 * @param known runtime names the cells declared, offered also when the child does not answer.
 * @param after what stands behind the cursor.
 */
export function offersFor(at: Completion, found: readonly Offer[], known: readonly string[], after: string): Match[] {
  const offers = new Map<string, Match>()
  for (const { text, type } of found)
    offers.set(text, { text: at.quote === undefined ? text : closedKey(text, at.quote, after), type })
  if (at.expression === '') {
    for (const name of known.map(userName)) if (!offers.has(name)) offers.set(name, { text: name, type: 'instance' })
    for (const text of KEYWORDS) offers.set(text, { text, type: 'keyword' })
    for (const name of offers.keys()) if (!name.startsWith(at.prefix) || name.startsWith('__nb')) offers.delete(name)
  }
  return [...offers.values()].sort((a, b) => rank(a) - rank(b) || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
}

const rank = ({ text }: Match) => (text.startsWith('_') ? 1 : 0)

/** A key with what closes it, unless that stands there already. */
function closedKey(key: string, quote: string, after: string): string {
  const text = JSON.stringify(key).slice(1, -1).replaceAll('\\"', '"').replaceAll(quote, `\\${quote}`)
  if (after.startsWith(quote)) return text
  return after.startsWith(']') ? `${text}${quote}` : `${text}${quote}]`
}
