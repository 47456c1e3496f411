/** What belongs into `mayfly.config.json` once the stack is there. */
import type { Settings } from './settings.js'
import { functionName } from './stack.js'

/** What the stack tells when it is deployed. */
export interface Outputs {
  Bucket: string
  CallerPolicy: string
  DeadLetterQueue: string
}

/** The configuration by which an executor uses these functions and this bucket; nothing in it is a secret. */
export function section(settings: Settings, { Bucket }: Pick<Outputs, 'Bucket'>, profile?: string) {
  const { region, architecture, memory } = settings
  const who = profile ? { profile } : {}
  return {
    backend: 'aws_lambda',
    aws_lambda: {
      ...{ region, ...who, architecture },
      functions: Object.fromEntries(memory.map((size) => [String(size), functionName(settings, size)])),
    },
    storage: { backend: 'aws_s3', region, bucket: Bucket, ...who },
  }
}
