/** The configuration as a page or a program reads it: values, sources and faults, and no secrets. */
import { backendNames } from '../backends/registry.js'
import { type ErrorValue, MayflyError, toErrorValue } from '../errors.js'
import { mayflyHome } from '../home.js'
import { checkExecutorOptions, EXECUTOR_KEYS } from '../options.js'
import { storageConfig } from '../storage/config.js'
import { type ConfigPlaces, configInForce } from './resolve.js'
import { withoutSecrets } from './secrets.js'

/** Sections a backend cannot do without. */
const SECTIONS: Record<string, 'aws_lambda'> = { aws_lambda: 'aws_lambda' }

export interface ConfigReport {
  /** The configuration file that was read, or null. */
  file: string | null
  /** Every option with a value, without secrets. */
  options: Record<string, unknown>
  /** As `ConfigInForce.sources`; an option that has a value but no source has its default. */
  sources: Record<string, string>
  /** All options there are. */
  keys: readonly string[]
  /** All backends, and whether the configuration has what they need. */
  backends: { name: string; configured: boolean }[]
  /** Why the configuration cannot be used; the rest is then what holds without it. */
  fault?: ErrorValue
}

/** What an executor made here would have. Never throws: what is wrong is in `fault`. */
export function configReport(places: ConfigPlaces = {}): ConfigReport {
  try {
    const { options, sources, file = null } = configInForce({}, places)
    const complete = {
      backend: 'localhost',
      storage: 'localhost',
      home: mayflyHome(),
      ...checkExecutorOptions(options),
    }
    const configured = (name: string) => SECTIONS[name] === undefined || options[SECTIONS[name]] !== undefined
    const backends = backendNames().map((name) => ({ name, configured: configured(name) }))
    return { file, options: withoutSecrets(complete), sources, keys: EXECUTOR_KEYS, backends }
  } catch (error) {
    const { stack: _, ...fault } = toErrorValue(error)
    const file = error instanceof MayflyError && typeof error.where?.file === 'string' ? error.where.file : null
    const backends = backendNames().map((name) => ({ name, configured: SECTIONS[name] === undefined }))
    return { file, options: {}, sources: {}, keys: EXECUTOR_KEYS, backends, fault }
  }
}

/** Checks what a configuration file is to hold. @throws MayflyError `E_CONFIG_…` */
export function checkConfig(values: Record<string, unknown>): void {
  const { aws_s3: section } = checkExecutorOptions(values)
  if (section) storageConfig({ ...section, backend: 'aws_s3' })
}
