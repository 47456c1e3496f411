/** References to environment variables, which stand for secrets in what travels. */
import { MayflyError } from '../errors.js'

/** Puts the values of environment variables in the place of `{{env.NAME}}`; `E_CONFIG_ENV` for one that is not set. */
export function resolveEnv(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return text.replace(/\{\{env\.(\w+)\}\}/g, (_, name: string) => {
    const value = env[name]
    if (value !== undefined) return encodeURIComponent(value)
    throw new MayflyError('E_CONFIG_ENV', `The environment variable ${name} is not set`, {
      hint: `The configuration of the storage refers to it; set ${name} and start again.`,
    })
  })
}
