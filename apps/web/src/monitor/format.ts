/** Numbers of a run as people read them, beside those of `lib/format`. A value that is not known is a dash. */
import { formatBytes } from '../lib/format'

const DASH = '–'

/** `00:41`, `12:05`, `1:02:03`: time that is counting. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000))
  const hours = Math.floor(total / 3600)
  const rest = `${pad(Math.floor((total % 3600) / 60))}:${pad(total % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** A size, or a dash. */
export function formatSize(bytes: number): string {
  return Number.isFinite(bytes) ? formatBytes(bytes) : DASH
}

/** US dollars with the digits a small run needs: `< $0.0001`, `$0.0184`, `$1.20`. */
export function formatMoney(dollars: number): string {
  if (!Number.isFinite(dollars)) return DASH
  if (dollars === 0) return '$0'
  if (dollars < 1e-4) return '< $0.0001'
  if (dollars >= 1) return `$${dollars.toFixed(2)}`
  return `$${dollars.toFixed(Math.min(8, 2 - Math.floor(Math.log10(dollars))))}`
}

/** A share of 1: `0.4 %`, `12 %`. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return DASH
  return `${(share * 100).toFixed(share > 0 && share < 0.095 ? 1 : 0)} %`
}

const pad = (value: number) => String(value).padStart(2, '0')
