/**
 * The steps behind `Pipeline`: what goes in, how it is divided into calls, what is kept. A step runs once, and those it needs run
 * before it; its result is found again in storage by a hash of its input, which includes the hashes of the steps before.
 */
import type { StageRunner } from '../runner.js'
import { AnnotationSteps } from './annotation.js'
import { DatabaseSteps } from './database.js'
import { DatasetSteps } from './dataset.js'
import { StepHost, type StepSettings } from './step.js'

export class Steps {
  readonly #host: StepHost
  readonly database: DatabaseSteps
  readonly dataset: DatasetSteps
  readonly annotation: AnnotationSteps

  constructor(runner: StageRunner, settings: StepSettings) {
    this.#host = new StepHost(runner, settings)
    this.database = new DatabaseSteps(this.#host)
    this.dataset = new DatasetSteps(this.#host)
    this.annotation = new AnnotationSteps(this.#host, this.database, this.dataset)
  }

  /** Reads and checks all input files, once. */
  async checkInputs(): Promise<void> {
    await this.#host.inputs.get()
  }

  /** Removes what earlier runs have kept of all steps that may not use it: a run that is broken off goes on with its own only. */
  async renounce(): Promise<void> {
    for (const step of this.#all) await step.renounce()
  }

  /** Where the results of the steps lie; of inputs that are gone, those that were known before. @throws what is wrong with the inputs */
  async places(): Promise<{ name: string; hash: string }[]> {
    const found = await Promise.allSettled(
      this.#all.map(async (step) => ({ name: step.name, hash: await step.hash() })),
    )
    const known = found.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const [first] = found
    if (known.length === 0 && first?.status === 'rejected') throw first.reason
    return known
  }

  /** Forgets what was done, so that steps run (or are loaded) again. */
  reset(): void {
    for (const step of this.#all) step.reset()
    this.#host.reset()
  }

  get #all() {
    const { databases, groups, patterns } = this.database
    const { upload, index, split, segments } = this.dataset
    const { centroids, annotated, rated } = this.annotation
    return [databases, groups, patterns, upload, index, split, segments, centroids, annotated, rated]
  }
}
