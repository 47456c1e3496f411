/** The CDK app: the stack with its checks. Nothing is looked up, so that it synthesizes without network and account. */
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { accept } from './accepted.js'
import type { Settings } from './settings.js'
import { MayflyStack, type Worker } from './stack.js'

/** Makes the app; `synth()` writes the assembly into `outdir` and throws when a finding is not accounted for. */
export function makeApp(settings: Settings, worker: Worker, outdir?: string): { app: App; stack: MayflyStack } {
  const app = new App({ analyticsReporting: false, treeMetadata: false, ...(outdir ? { outdir } : {}) })
  const stack = new MayflyStack(app, settings, worker)
  accept(stack, settings)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  return { app, stack }
}
