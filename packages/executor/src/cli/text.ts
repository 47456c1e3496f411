/** How figures and tables look in a terminal. Pure. */

/** Columns aligned by the widest cell; numbers, which are given as such, to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const all: (string | number)[][] = [[...head], ...rows.map((row) => [...row])]
  const widths = head.map((_, i) => Math.max(...all.map((row) => width(String(row[i])))))
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || row[i] === '–'))
  return all
    .map((row) =>
      row
        .map((cell, i) => {
          const space = ' '.repeat(widths[i]! - width(String(cell)))
          return right[i] ? space + cell : cell + space
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Name and value, aligned. */
export function textList(rows: readonly (readonly [string, string])[]): string {
  const wide = Math.max(...rows.map(([name]) => width(name)))
  return rows.map(([name, value]) => `  ${name}${' '.repeat(wide - width(name))}  ${value}`).join('\n')
}

/** Milliseconds as people say them: `12 ms`, `3.4 s`, `5 min 02 s`, `3 h 20 min`, `4 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = ms / 1000
  if (s < 60) return `${s.toFixed(1)} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, '0')} s`
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`
  return `${Math.floor(s / 86_400)} d`
}

/** Bytes with a decimal unit: `1.2 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = count
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`
}

/** US dollars: cents from one dollar on, below with two significant digits. */
export function usd(amount: number): string {
  if (amount === 0) return '$0'
  return `$${amount >= 1 ? amount.toFixed(2) : decimal(Number(amount.toPrecision(2)))}`
}

/** A number without an exponent: `0.0000002`. */
export function decimal(value: number): string {
  const text = String(value)
  const [, digits = '', exponent] = /^([\d.]+)e-(\d+)$/.exec(text) ?? []
  if (exponent === undefined) return text
  return value.toFixed(Number(exponent) + (digits.split('.')[1]?.length ?? 0))
}

function width(text: string): number {
  return [...text].length
}
