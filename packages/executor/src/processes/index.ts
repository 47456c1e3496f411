/** Processes of this machine, as the operating system lists them. */
export { isAlive } from './alive.js'
export { type ProcessStat, parseStat, readStat } from './stat.js'
export { descendantsIn, type ProcessRow, parsePs, processTable } from './table.js'
export { descendantsOf } from './tree.js'
