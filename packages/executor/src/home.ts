/** Where Mayfly keeps its own state. */
import { join, resolve } from 'node:path'

/** `MAYFLY_HOME`, else `.mayfly` in `MAYFLY_WORKSPACE`, else `.mayfly` in the current folder. */
export function mayflyHome(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.MAYFLY_HOME || join(env.MAYFLY_WORKSPACE || process.cwd(), '.mayfly'))
}
