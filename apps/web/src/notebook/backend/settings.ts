/**
 * What a notebook says of its executors, kept in its metadata as `mayfly: { backend, storage, runtimeMemory, workers, budget }`;
 * see docs/architecture.md, *Settings of a notebook*. Pure.
 */
import { z } from 'zod'
import { backendTitle, storageTitle } from '../../lib/config'

const Fields = {
  backend: z.string().min(1),
  storage: z.string().min(1),
  /** MB of a call. */
  runtimeMemory: z.int('Give whole megabytes.').min(32, 'At least 32 MB.').max(1_048_576, 'At most 1,048,576 MB.'),
  /** Calls at a time. */
  workers: z.int('Give a whole number.').min(1, 'At least 1.').max(10_000, 'At most 10,000.'),
  /** US dollars for each executor. */
  budget: z.object({ usd: z.number().min(0, 'Not below 0.') }),
}

export type NotebookSettings = { [Key in keyof typeof Fields]?: z.infer<(typeof Fields)[Key]> }
export type SettingKey = keyof NotebookSettings
export const SETTING_KEYS = Object.keys(Fields) as SettingKey[]

type Metadata = Record<string, unknown>

/** The settings of a notebook. What somebody else wrote and is not understood is left out here, and refused by the executor. */
export function settingsOf(metadata: Metadata): NotebookSettings {
  const kept = sectionOf(metadata)
  return Object.fromEntries(
    SETTING_KEYS.flatMap((key) => {
      const parsed = Fields[key].safeParse(kept[key])
      return parsed.success ? [[key, parsed.data]] : []
    }),
  )
}

/** The metadata with a setting changed, or removed by `undefined`. Other keys stay; an empty section goes. */
export function withSetting<Key extends SettingKey>(
  metadata: Metadata,
  key: Key,
  value: NotebookSettings[Key],
): Metadata {
  const { [key]: _, ...others } = sectionOf(metadata)
  return withSection(metadata, value === undefined ? others : { ...others, [key]: value })
}

/** The metadata without any setting. */
export function withoutSettings(metadata: Metadata): Metadata {
  const others = Object.entries(sectionOf(metadata)).filter(([key]) => !SETTING_KEYS.includes(key as SettingKey))
  return withSection(metadata, Object.fromEntries(others))
}

/** A number as it was typed: `{}` for none, else its value or what is wrong with it. A comma is a decimal point, too. */
export function parseSetting(
  key: 'runtimeMemory' | 'workers' | 'budget',
  text: string,
): { value?: number; error?: string } {
  if (text.trim() === '') return {}
  const value = Number(text.trim().replace(',', '.'))
  if (!Number.isFinite(value)) return { error: 'Give a number.' }
  const parsed = key === 'budget' ? Fields.budget.shape.usd.safeParse(value) : Fields[key].safeParse(value)
  return parsed.success ? { value } : { error: parsed.error.issues[0]!.message }
}

/** What the settings are, to tell whether they have changed. */
export function settingsKey(metadata: Metadata): string {
  return JSON.stringify(sectionOf(metadata))
}

/**
 * The metadata after somebody else has changed the file: what only one side changed is as that side wants it, what both changed is
 * as the file has it, so that nobody's setting is overwritten unseen. `base` is what this page and the file last had in common.
 */
export function mergeMetadata(base: Metadata, mine: Metadata, theirs: Metadata): Metadata {
  return withSection(mergeKeys(base, mine, theirs), mergeKeys(sectionOf(base), sectionOf(mine), sectionOf(theirs)))
}

/** What has changed from one to the other, in words; undefined when no setting has. */
export function settingsNews(before: Metadata, after: Metadata): string | undefined {
  const [old, now] = [settingsOf(before), settingsOf(after)]
  const changed = SETTING_KEYS.filter((key) => !same(old[key], now[key]))
  if (changed.length === 0) return undefined
  const saying = (key: SettingKey) => (now[key] === undefined ? 'as configured' : SAYINGS[key](now[key] as never))
  return changed.map((key) => `${TITLES[key]}: ${saying(key)}`).join('; ')
}

const TITLES: Record<SettingKey, string> = {
  backend: 'where calls run',
  storage: 'storage',
  runtimeMemory: 'memory per call',
  workers: 'calls at a time',
  budget: 'budget',
}

const SAYINGS: { [Key in SettingKey]: (value: z.infer<(typeof Fields)[Key]>) => string } = {
  backend: backendTitle,
  storage: storageTitle,
  runtimeMemory: (mb) => `${mb} MB`,
  workers: String,
  budget: ({ usd }) => `$${usd}`,
}

function mergeKeys(base: Metadata, mine: Metadata, theirs: Metadata): Metadata {
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])]
  const chosen = keys.map((key) => [key, same(theirs[key], base[key]) ? mine[key] : theirs[key]] as const)
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined))
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sectionOf({ mayfly }: Metadata): Metadata {
  return typeof mayfly === 'object' && mayfly !== null && !Array.isArray(mayfly) ? (mayfly as Metadata) : {}
}

function withSection(metadata: Metadata, section: Metadata): Metadata {
  const { mayfly: _, ...rest } = metadata
  return Object.keys(section).length > 0 ? { ...rest, mayfly: section } : rest
}
