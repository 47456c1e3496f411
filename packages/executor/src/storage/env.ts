/** References to environment variables, which stand for secrets in what travels. */
import { MayflyError } from '../errors.js'

/** Puts the values of environment variables in the place of `{{env.NAME}}`; `E_CONFIG_ENV` for one that is not set. In a URL they are encoded. */
export function resolveEnv(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
  encode: (value: string) => string = encodeURIComponent,
): string {
  return text.replace(/\{\{env\.(\w+)\}\}/g, (_, name: string) => {
    const value = env[name]
    if (value !== undefined) return encode(value)
    throw new MayflyError('E_CONFIG_ENV', `The environment variable ${name} is not set`, {
      hint: `The configuration of the storage refers to it; set ${name} and start again.`,
    })
  })
}
