/** Names of files that nobody wrote, taken out of what users read. Pure. */

const TYPE_QUERY = /(typeof )?import\("[^"]*\.mayfly~[^"]*"\)\.?/g
const MODULE_NAME = /(["'])([^"'\n]*[\\/])?\.mayfly~[^"'\n]*\1/g

/** Text of the compiler without the names of cells' modules. */
export function clean(text: string): string {
  return text
    .replace(TYPE_QUERY, (match) => (match.endsWith('.') ? '' : 'a cell'))
    .replace(/module '?"[^"\n]*\.mayfly~[^"\n]*"'?/gi, 'another cell')
    .replace(MODULE_NAME, 'another cell')
}

/** What a hover says, without the compiler's detour over modules. */
export function cleanHover(text: string): string {
  return clean(text)
    .replace(/^(```typescript\n)\(alias\) /, '$1')
    .replace(/\n(import|export) (\S+|\{[^}]*\})(?= from|\n|$)[^\n]*(?=\n```)/g, '')
}
