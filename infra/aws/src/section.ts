/** What belongs into `mayfly.config.json` once the stack is there. */
import type { Settings } from './settings.js'
import { functionName } from './stack.js'

/** What the stack tells when it is deployed. */
export interface Outputs {
  Bucket: string
  CallerPolicy: string
  DeadLetterQueue: string
}

/**
 * The sections by which an executor finds these functions and this bucket; nothing in it is a secret. They say where AWS is, not
 * that everything runs there: that is chosen by `backend`, per notebook or for all.
 */
export function section(settings: Settings, { Bucket }: Pick<Outputs, 'Bucket'>, profile?: string) {
  const { region, architecture, memory } = settings
  const who = profile ? { profile } : {}
  return {
    aws_lambda: {
      ...{ region, ...who, architecture },
      functions: Object.fromEntries(memory.map((size) => [String(size), functionName(settings, size)])),
    },
    aws_s3: { region, bucket: Bucket, ...who },
  }
}
