/** Objects of the platform that are fully described by the arguments of their constructor. */

type Reduce = (value: never) => unknown[]

const formatter: Reduce = (value: Intl.NumberFormat) => {
  const { locale, ...options } = value.resolvedOptions()
  return [locale, options]
}

/** Constructor arguments by the name of the constructor. */
export const REDUCERS: Readonly<Record<string, Reduce>> = {
  URL: (value: URL) => [value.href],
  URLSearchParams: (value: URLSearchParams) => [value.toString()],
  TextEncoder: () => [],
  TextDecoder: (value: InstanceType<typeof TextDecoder>) => [
    value.encoding,
    { fatal: value.fatal, ignoreBOM: value.ignoreBOM },
  ],
  Headers: (value: Headers) => [[...value]],
  'Intl.Collator': formatter,
  'Intl.DateTimeFormat': formatter,
  'Intl.ListFormat': formatter,
  'Intl.NumberFormat': formatter,
  'Intl.PluralRules': formatter,
  'Intl.RelativeTimeFormat': formatter,
  'Intl.Segmenter': formatter,
}
