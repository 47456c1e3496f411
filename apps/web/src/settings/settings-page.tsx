'use client'
import { useQuery } from '@tanstack/react-query'
import { errorValueOf, useTRPC } from '../lib/trpc'
import { Button } from '../ui/button'
import { ErrorNote } from '../ui/panel'
import { AwsChecklist } from './aws-checklist'
import { AwsConnection } from './aws-connection'
import { InForce } from './in-force'

/** What holds in this workspace, and the account its calls may run in. */
export function SettingsPage() {
  const trpc = useTRPC()
  const config = useQuery(trpc.settings.config.queryOptions())
  const { data, error } = config
  return (
    <main className="mx-auto max-w-6xl px-6 pt-8 pb-16" data-testid="settings-page">
      <h1 className="font-semibold text-2xl tracking-tight">Settings</h1>
      <p className="mt-1 mb-6 max-w-2xl text-ink-2">
        What executors of this workspace are made with. A notebook may choose otherwise in its toolbar, and code in{' '}
        <code>new FunctionExecutor({'{ … }'})</code>.
      </p>
      {error && !data && (
        <ErrorNote
          title="The settings could not be read"
          {...errorValueOf(error)}
          action={<Button onClick={() => config.refetch()}>Try again</Button>}
        />
      )}
      {config.isPending && (
        <div role="status" className="h-64 rounded-lg bg-line/40">
          <span className="sr-only">Reading the settings</span>
        </div>
      )}
      {data && (
        <>
          {data.fault && (
            <div className="mb-6">
              <ErrorNote title="The configuration cannot be used as it is" {...data.fault} />
            </div>
          )}
          <section aria-labelledby="aws" className="mb-10">
            <h2 id="aws" className="mb-3 font-semibold text-lg">
              Amazon Web Services
            </h2>
            <div className="grid items-start gap-5 lg:grid-cols-2">
              <AwsConnection key={data.target.etag} config={data} onReload={() => void config.refetch()} />
              <AwsChecklist config={data} />
            </div>
          </section>
          <InForce config={data} />
        </>
      )}
    </main>
  )
}
