/** The little XML that S3 speaks. Writing and reading of plain elements; no attributes, entities beyond the five, no DTD. Pure. */
import { S3Error } from './errors.js'

export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml }

const NAMES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

/** A document; arrays repeat their element, `undefined` leaves it out. */
export function toXml(root: string, content: Xml): string {
  const opened = `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root === 'Error' ? '<Error>' : opened}${inner(content)}</${root}>`
}

function inner(content: Xml): string {
  if (content === undefined) return ''
  if (typeof content !== 'object') return String(content).replace(/[&<>"\r]/g, (c) => NAMES[c]!)
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value]]))
    .map(([name, value]) => (value === undefined ? '' : `<${String(name)}>${inner(value as Xml)}</${String(name)}>`))
    .join('')
}

export interface Element {
  name: string
  text: string
  children: Element[]
}

/** The root element of a document; `MalformedXML` for what is none. */
export function parseXml(text: string): Element {
  const root: Element = { name: '', text: '', children: [] }
  const open = [root]
  let at = 0
  for (const match of text.matchAll(/<(\/?)([^\s/>!?]+)[^>]*?(\/?)>|<[!?][^>]*>/g)) {
    const top = open.at(-1)!
    top.text += decode(text.slice(at, match.index))
    at = match.index + match[0].length
    const [, closing, tag, empty] = match
    if (tag === undefined) continue
    if (closing) {
      if (open.length < 2 || open.pop()!.name !== tag) throw new S3Error('MalformedXML')
      continue
    }
    const element: Element = { name: tag, text: '', children: [] }
    top.children.push(element)
    if (!empty) open.push(element)
  }
  if (open.length !== 1 || root.children.length !== 1 || text.slice(at).trim()) throw new S3Error('MalformedXML')
  return root.children[0]!
}

/** Text of the child of that name. */
export function textOf(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text
}

function decode(text: string): string {
  const back = Object.entries(NAMES).map(([plain, name]) => [name, plain] as const)
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|\w+);/g, (entity, hex?: string, decimal?: string) => {
    const point = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : undefined
    if (point !== undefined && point > 0x10ffff) throw new S3Error('MalformedXML')
    if (point !== undefined) return String.fromCodePoint(point)
    return entity === '&apos;' ? "'" : (back.find(([name]) => name === entity)?.[1] ?? entity)
  })
}
