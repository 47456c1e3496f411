/** What the bench scripts share: rows, medians, memory of a process tree. */
import { readdirSync, readFileSync } from 'node:fs'

/** Prints one measure. `goal` is an upper bound, or a lower one with `atLeast`. */
export function row(measure, value, unit, goal, { atLeast = false, ...more } = {}) {
  const ok = goal === undefined ? undefined : atLeast ? value >= goal : value <= goal
  const rounded = Number(value.toPrecision(4))
  process.stdout.write(`${JSON.stringify({ measure, value: rounded, unit, goal, ok, ...more })}\n`)
}

export function median(values) {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Milliseconds that `work` takes, and what it returns. */
export async function timed(work) {
  const since = performance.now()
  const result = await work()
  return { ms: performance.now() - since, result }
}

function processTable() {
  const table = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      table.set(Number(entry), { parent: Number(fields[1]) })
    } catch {
      // It ended while we looked.
    }
  }
  return table
}

/** Proportional set size of a process and everything below it, bytes: shared pages are counted once. */
export function treeMemory(root) {
  const table = processTable()
  const below = (pid) => pid === root || (table.has(pid) && table.get(pid).parent > 1 && below(table.get(pid).parent))
  let bytes = 0
  for (const pid of table.keys()) {
    if (!below(pid)) continue
    try {
      bytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024
    } catch {
      // It ended while we looked.
    }
  }
  return bytes
}

/** Samples the memory of process trees every 200 ms until `stop()`, which returns the peak in bytes. */
export function watchMemory(...roots) {
  let peak = 0
  const sample = () => {
    peak = Math.max(
      peak,
      roots.reduce((sum, pid) => sum + treeMemory(pid), 0),
    )
  }
  const timer = setInterval(sample, 200)
  return () => {
    clearInterval(timer)
    sample()
    return peak
  }
}
