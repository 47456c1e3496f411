'use client'
import { useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useEffect, useId, useState } from 'react'
import { backendTitle, sourceTitle, storageTitle } from '../../lib/config'
import { errorValueOf, useTRPC } from '../../lib/trpc'
import type { ConfigReport } from '../../server/runner'
import { Button } from '../../ui/button'
import { RadioOption, SelectField, TextField } from '../../ui/field'
import { edited, useNotebook, useNotebookStore } from '../store'
import {
  type NotebookSettings,
  parseSetting,
  type SettingKey,
  settingsOf,
  withoutSettings,
  withSetting,
} from './settings'

/** Storages to choose from, by backend: functions on Lambda reach only what is not on this machine. */
const STORAGES: Record<string, string[]> = {
  localhost: ['localhost', 'aws_s3', 'redis'],
  aws_lambda: ['aws_s3', 'redis'],
}

/** The settings of the notebook, each with what holds without it. A change is for the next executor. */
export function BackendForm({ config, error }: { config: ConfigReport | undefined; error: unknown }) {
  const settings = settingsOf(useNotebook((state) => state.metadata))
  const { set, reset } = useChange()
  useFresh()
  const options = config?.options ?? {}
  const source = (key: SettingKey) =>
    settings[key] === undefined ? sourceTitle(config?.sources[key]) : 'this notebook'
  const backend = settings.backend ?? String(options.backend ?? 'localhost')
  const own = Object.keys(settings).length > 0
  return (
    <div className="-m-1 flex max-h-[70vh] flex-col gap-3.5 overflow-y-auto p-1" data-testid="backend-form">
      <BackendChoice
        backend={backend}
        source={source('backend')}
        config={config}
        onChoose={(name) => set('backend', name)}
      />
      {error ? <p className="text-bad text-xs">{errorValueOf(error).message}</p> : null}
      {config?.fault && (
        <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-xs">
          {config.fault.message} {config.fault.hint}
        </p>
      )}
      <StorageChoice
        backend={backend}
        settings={settings}
        options={options}
        source={source('storage')}
        onChoose={set}
      />
      <NumberSetting
        label="Memory per call, MB"
        name="runtimeMemory"
        value={settings.runtimeMemory}
        otherwise={numberOr(options.runtimeMemory, backend === 'localhost' ? 'no limit' : '1769')}
        source={source('runtimeMemory')}
        onChange={(value) => set('runtimeMemory', value)}
      />
      <NumberSetting
        label="Calls at a time"
        name="workers"
        value={settings.workers}
        otherwise={
          config?.sources.workers ? numberOr(options.workers, '') : backend === 'aws_lambda' ? '1000' : 'one per CPU'
        }
        source={source('workers')}
        onChange={(value) => set('workers', value)}
      />
      <NumberSetting
        label="Budget, US dollars"
        name="budget"
        value={settings.budget?.usd}
        otherwise={numberOr((options.budget as { usd?: number } | undefined)?.usd, 'none')}
        source={source('budget')}
        hint="For each executor. What a call can cost at worst, by its memory and timeout, is set aside before it starts: little money means few calls at a time. This machine costs nothing."
        onChange={(value) => set('budget', value === undefined ? undefined : { usd: value })}
      />
      <div className="flex items-center gap-3 border-line border-t pt-3">
        <p className="grow text-ink-2 text-xs">
          For the next <code>new FunctionExecutor()</code>. Options given in code come first.
        </p>
        <Button className="shrink-0" disabled={!own} onClick={reset}>
          Reset
        </Button>
      </div>
    </div>
  )
}

/** Changes settings in the notebook's metadata, which are saved like any edit, and before a cell is run. */
function useChange() {
  const store = useNotebookStore()
  const apply = (change: (metadata: Record<string, unknown>) => Record<string, unknown>) =>
    store.setState((state) => edited(state, { metadata: change(state.metadata) }))
  return {
    set: <Key extends SettingKey>(key: Key, value: NotebookSettings[Key]) =>
      apply((metadata) => withSetting(metadata, key, value)),
    reset: () => apply(withoutSettings),
  }
}

/** An account may have been connected since the page was opened. */
function useFresh() {
  const trpc = useTRPC()
  const client = useQueryClient()
  useEffect(() => {
    void client.invalidateQueries({ queryKey: trpc.settings.config.queryKey() })
  }, [client, trpc])
}

function BackendChoice({
  backend,
  source,
  config,
  onChoose,
}: {
  backend: string
  source: string
  config: ConfigReport | undefined
  onChoose: (name: string) => void
}) {
  const name = useId()
  const backends = config?.backends ?? [{ name: 'localhost', configured: true }]
  return (
    <fieldset>
      <legend className="mb-1 flex w-full items-baseline gap-2">
        <span className="font-semibold">Where calls run</span>
        <span className="ml-auto truncate text-ink-2 text-xs">{source}</span>
      </legend>
      {backends.map((one) => (
        <RadioOption
          key={one.name}
          name={name}
          value={one.name}
          title={backendTitle(one.name)}
          checked={one.name === backend}
          disabled={!one.configured && one.name !== backend}
          onChange={() => onChoose(one.name)}
          hint={
            one.configured ? (
              HINTS[one.name]
            ) : (
              <>
                Not connected.{' '}
                <Link href="/settings" className="text-accent underline">
                  Connect an account
                </Link>
              </>
            )
          }
        />
      ))}
    </fieldset>
  )
}

const HINTS: Record<string, string> = {
  localhost: 'Parallel processes here; costs nothing.',
  aws_lambda: 'Functions in your account; data goes through S3.',
}

function StorageChoice({
  backend,
  settings,
  options,
  source,
  onChoose,
}: {
  backend: string
  settings: NotebookSettings
  options: Record<string, unknown>
  source: string
  onChoose: (key: 'storage', value: string | undefined) => void
}) {
  const { storage } = settings
  const known = STORAGES[backend] ?? Object.values(STORAGES).flat()
  const offered = known.filter((name) => name !== 'aws_s3' || options.aws_s3 || isS3(options.storage))
  const all = storage === undefined || offered.includes(storage) ? offered : [...offered, storage]
  const unfit = backend === 'aws_lambda' && storage === 'localhost'
  return (
    <SelectField
      label="Storage"
      aside={source}
      value={storage ?? ''}
      onChange={(event) => onChoose('storage', event.target.value || undefined)}
      error={unfit ? 'Functions on Lambda cannot reach files of this machine.' : undefined}
    >
      <option value="">Automatic ({automatic(backend, options)})</option>
      {all.map((name) => (
        <option key={name} value={name}>
          {storageTitle(name)}
        </option>
      ))}
    </SelectField>
  )
}

/** The storage of an executor that is told of none. */
function automatic(backend: string, { storage, aws_s3, backend: configured }: Record<string, unknown>): string {
  // Where Lambda is configured for all, its storage may stand for a default that other backends do not have.
  const set = storage !== 'localhost' && !(configured === 'aws_lambda' && backend !== 'aws_lambda' && isS3(storage))
  if (set && storage !== undefined) return storageTitle(storage)
  if (backend === 'aws_lambda') return storageTitle(aws_s3 ? { ...(aws_s3 as object), backend: 'aws_s3' } : 'aws_s3')
  return storageTitle('localhost')
}

function isS3(storage: unknown): boolean {
  return storage === 'aws_s3' || (storage as { backend?: unknown } | undefined)?.backend === 'aws_s3'
}

function NumberSetting({
  label,
  name,
  value,
  otherwise,
  source,
  hint,
  onChange,
}: {
  label: string
  name: 'runtimeMemory' | 'workers' | 'budget'
  value: number | undefined
  /** Shown where nothing is typed: what then holds. */
  otherwise: string
  source: string
  hint?: string
  onChange: (value: number | undefined) => void
}) {
  const [text, setText] = useState(value === undefined ? '' : String(value))
  const parsed = parseSetting(name, text)
  // Changed elsewhere, by Reset or from another page; not while `0.` is on its way to `0.5`.
  if (!parsed.error && parsed.value !== value) setText(value === undefined ? '' : String(value))
  return (
    <TextField
      label={label}
      aside={source === 'default' ? undefined : source}
      hint={hint}
      error={parsed.error}
      inputMode="decimal"
      name={name}
      placeholder={otherwise}
      value={text}
      onChange={({ target }) => {
        setText(target.value)
        const typed = parseSetting(name, target.value)
        if (!typed.error && typed.value !== value) onChange(typed.value)
      }}
    />
  )
}

function numberOr(value: unknown, otherwise: string): string {
  return typeof value === 'number' ? String(value) : otherwise
}
