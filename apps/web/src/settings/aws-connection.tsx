'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { errorValueOf, useTRPC } from '../lib/trpc'
import type { ConfigReport } from '../server/runner'
import { Button } from '../ui/button'
import { copyText } from '../ui/clipboard'
import { RadioOption, SelectField, TextField } from '../ui/field'
import { ErrorNote } from '../ui/panel'
import { toast } from '../ui/toast'
import { type AwsForm, changeOf, type FieldName, faultsOf, formOf, pasted, snippetOf } from './aws-form'

/** The form that writes the sections `aws_lambda` and `aws_s3`. It has no field for a secret. */
export function AwsConnection({ config, onReload }: { config: ConfigReport; onReload: () => void }) {
  const [saved, setSaved] = useState(() => formOf(config.options))
  const [form, setForm] = useState(saved)
  const [tried, setTried] = useState(false)
  const trpc = useTRPC()
  const client = useQueryClient()
  const save = useMutation(
    trpc.settings.connectAws.mutationOptions({
      onSuccess: () => {
        toast({ title: 'Saved to mayfly.config.json' })
        setSaved(form)
        void client.invalidateQueries({ queryKey: trpc.settings.config.queryKey() })
      },
    }),
  )
  const { reason, etag, path } = config.target
  const faults = faultsOf(form)
  const changed = JSON.stringify(form) !== JSON.stringify(saved)
  const submit = (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    setTried(true)
    const [first] = Object.keys(faults)
    if (first) event.currentTarget.querySelector<HTMLElement>(`[name=${first}]`)?.focus()
    else save.mutate({ etag, ...changeOf(form) })
  }
  const field = (name: Exclude<FieldName, 'forcePathStyle' | 'functions'>) => ({
    name,
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
    error: tried || (form[name] !== '' && form[name] !== saved[name]) ? faults[name] : undefined,
    autoComplete: 'off',
    spellCheck: false,
  })
  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label="Connect AWS"
      data-testid="aws-form"
      className="flex flex-col gap-4 rounded-xl border border-line bg-surface p-5 text-[13px]"
    >
      {saved.region === '' && <Paste onPaste={setForm} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Region" placeholder="eu-central-1" {...field('region')} />
        <TextField label="Bucket" placeholder="my-bucket" hint="For data, code and results." {...field('bucket')} />
      </div>
      {form.functions ? (
        <Deployed functions={form.functions} onForget={() => setForm({ ...form, functions: '' })} />
      ) : (
        <TextField
          label="Role of the functions"
          placeholder="arn:aws:iam::123456789012:role/mayfly"
          hint="Functions are made when they are needed, with this role. It must reach the bucket."
          {...field('role')}
        />
      )}
      <Credentials form={form} setForm={setForm} field={field('profile')} />
      <details className="group" open={saved.s3Endpoint !== '' || saved.lambdaEndpoint !== '' ? true : undefined}>
        <summary className="w-fit cursor-pointer rounded font-medium text-accent">More</summary>
        <div className="mt-3 flex flex-col gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField label="Names of functions begin with" placeholder="mayfly" {...field('functionPrefix')} />
            <SelectField label="Architecture" {...field('architecture')}>
              <option value="">Default (x86_64)</option>
              <option value="x86_64">x86_64</option>
              <option value="arm64">arm64, a fifth cheaper</option>
            </SelectField>
          </div>
          <TextField
            label="Memory classes, MB"
            placeholder="512, 1769, 3008"
            hint="A function for each. Empty: one for every size that jobs ask for."
            {...field('memoryClasses')}
          />
          <TextField label="Region of the bucket" placeholder={form.region || 'as above'} {...field('bucketRegion')} />
          <fieldset className="rounded-lg border border-line p-3.5">
            <legend className="px-1 font-medium">Another server than AWS</legend>
            <div className="flex flex-col gap-4">
              <TextField label="S3 address" placeholder="http://127.0.0.1:9000" {...field('s3Endpoint')} />
              <label className="flex items-center gap-2">
                <input
                  type="checkbox"
                  name="forcePathStyle"
                  checked={form.forcePathStyle}
                  onChange={(event) => setForm({ ...form, forcePathStyle: event.target.checked })}
                  className="size-4 accent-[var(--accent)]"
                />
                Buckets in the path, not in the host name
              </label>
              <div className="grid gap-4 sm:grid-cols-2">
                <TextField label="Variable with the key’s id" placeholder="S3_KEY_ID" {...field('keyVariable')} />
                <TextField label="Variable with the secret" placeholder="S3_SECRET" {...field('secretVariable')} />
              </div>
              <TextField label="Lambda address" placeholder="http://127.0.0.1:9001" {...field('lambdaEndpoint')} />
            </div>
          </fieldset>
        </div>
      </details>
      {save.isError && (
        <ErrorNote
          title="Nothing was saved"
          {...errorValueOf(save.error)}
          action={
            errorValueOf(save.error).code === 'E_CONFIG_CONFLICT' ? (
              <Button onClick={onReload}>Show what is there now</Button>
            ) : undefined
          }
        />
      )}
      {reason ? (
        <div className="rounded-md bg-warn-soft px-3 py-2">
          <p>{reason}. Copy the sections into it by hand.</p>
          <Button className="mt-2" onClick={() => copyText(snippetOf(form), 'Sections copied')}>
            Copy the sections
          </Button>
        </div>
      ) : (
        <div className="flex flex-wrap items-center gap-3 border-line border-t pt-4">
          <p className="grow text-ink-2 text-xs">
            Goes to <code>{path}</code> of the workspace, which never holds a secret.
            {config.file && !config.file.endsWith(`/${path}`) && ` It then takes the place of ${config.file}.`}
          </p>
          <Button disabled={!changed || save.isPending} onClick={() => setForm(saved)}>
            Undo changes
          </Button>
          <Button tone="primary" type="submit" disabled={save.isPending || (!changed && tried)}>
            {save.isPending ? 'Saving' : 'Save'}
          </Button>
        </div>
      )}
    </form>
  )
}

/** Where the account was set up by our own stack, its last words fill the form. */
function Paste({ onPaste }: { onPaste: (form: AwsForm) => void }) {
  const [text, setText] = useState('')
  const form = text.trim() === '' ? undefined : pasted(text)
  return (
    <TextField
      label="What npm run deploy:aws printed"
      placeholder={'{ "aws_lambda": { … }, "aws_s3": { … } }'}
      hint={form ? 'Filled in below.' : 'It makes what is needed in your account. Or fill in the fields yourself.'}
      error={text.trim() !== '' && !form ? 'Paste the sections aws_lambda and aws_s3 as they were printed.' : undefined}
      value={text}
      autoComplete="off"
      spellCheck={false}
      onChange={({ target }) => {
        setText(target.value)
        const filled = pasted(target.value)
        if (filled) onPaste(filled)
      }}
    />
  )
}

function Deployed({ functions, onForget }: { functions: string; onForget: () => void }) {
  const names = Object.values(JSON.parse(functions) as Record<string, string>)
  return (
    <div>
      <p className="mb-1 font-medium">Functions deployed ahead</p>
      <div className="flex items-center gap-3">
        <p className="min-w-0 grow break-words font-mono text-xs">{names.join(', ')}</p>
        <Button className="shrink-0" onClick={onForget}>
          Use a role instead
        </Button>
      </div>
    </div>
  )
}

function Credentials({
  form,
  setForm,
  field,
}: {
  form: AwsForm
  setForm: (form: AwsForm) => void
  field: Omit<React.ComponentProps<typeof TextField>, 'label'>
}) {
  const [byProfile, setByProfile] = useState(form.profile !== '')
  const choose = (profile: boolean) => {
    setByProfile(profile)
    if (!profile) setForm({ ...form, profile: '' })
  }
  return (
    <fieldset>
      <legend className="mb-1 font-medium">Credentials</legend>
      <RadioOption
        name="credentials"
        title="Where AWS’s tools look"
        hint="Environment variables, the default profile, single sign-on, the machine’s role."
        checked={!byProfile}
        onChange={() => choose(false)}
      />
      <RadioOption
        name="credentials"
        title="A profile"
        hint={
          <>
            Of <code>~/.aws</code> on this machine.
          </>
        }
        checked={byProfile}
        onChange={() => choose(true)}
      />
      {byProfile && (
        <div className="mt-1 ml-6">
          <TextField placeholder="analytics" {...field} label="Name of the profile" />
        </div>
      )}
    </fieldset>
  )
}
