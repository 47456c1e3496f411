/** The configuration in words: names of backends and storages, and where a value comes from. Pure. */

const NAMES: Record<string, string> = {
  localhost: 'This machine',
  aws_lambda: 'AWS Lambda',
}

const STORAGES: Record<string, string> = {
  localhost: 'Files of this machine',
  aws_s3: 'Amazon S3',
  redis: 'Redis',
}

/** Title of a backend, by Lithops' name. */
export function backendTitle(name: string): string {
  return NAMES[name] ?? name
}

/** Title of a storage: a name, a URL or options. */
export function storageTitle(storage: unknown): string {
  const options = storage as { backend?: unknown; bucket?: unknown } | null | undefined
  if (typeof options === 'object' && options) {
    const title = storageTitle(String(options.backend ?? 'localhost'))
    return typeof options.bucket === 'string' ? `${title}, bucket ${options.bucket}` : title
  }
  return STORAGES[String(storage)] ?? String(storage)
}

/** Where a value comes from, short: the name of a file or of a variable; `default` without a source. */
export function sourceTitle(source: string | undefined): string {
  if (source === undefined) return 'default'
  const [kind = '', ...rest] = source.split(' ')
  const what = rest.join(' ')
  if (kind === 'file') return what.split('/').at(-1)!
  return kind === 'environment' ? what : source
}
