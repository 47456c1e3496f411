'use client'
import { Check, CircleDashed, Copy, Info, LoaderCircle, Minus, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { announce } from '../lib/announce'
import { cx } from '../lib/cx'
import { formatDuration } from '../lib/format'
import { errorValueOf, useTRPCClient } from '../lib/trpc'
import type { AwsCheck, ConfigReport } from '../server/runner'
import { Button, IconButton } from '../ui/button'
import { copyText } from '../ui/clipboard'
import { ErrorNote } from '../ui/panel'

type State = AwsCheck['state'] | 'working' | 'unknown'

const LOOKS: Record<State, { icon: typeof Check; look: string; says: string }> = {
  good: { icon: Check, look: 'bg-ok-soft text-ok', says: 'good' },
  note: { icon: Info, look: 'bg-warn-soft text-warn', says: 'worth knowing' },
  bad: { icon: X, look: 'bg-bad-soft text-bad', says: 'wrong' },
  skipped: { icon: Minus, look: 'text-ink-2', says: 'not tried' },
  working: { icon: LoaderCircle, look: 'text-accent', says: 'under way' },
  unknown: { icon: CircleDashed, look: 'text-ink-2', says: 'not checked' },
}

/** Walks the account that is configured when asked to: what works, how long it took, and the fix of what does not. */
export function AwsChecklist({ config }: { config: ConfigReport }) {
  const { checks, running, error, start, stop } = useWalk()
  const connected = config.backends.some(({ name, configured }) => name === 'aws_lambda' && configured)
  const verdict = verdictOf(checks, running, config.awsSteps.length)
  return (
    <section
      aria-label="Check of the account"
      data-testid="aws-checklist"
      data-state={running ? 'running' : checks.length > 0 ? 'done' : 'idle'}
      className="rounded-xl border border-line bg-surface p-5 text-[13px]"
    >
      <div className="mb-3 flex items-center gap-3">
        <div className="grow">
          <h3 className="font-semibold">Does it work?</h3>
          <p className="text-ink-2 text-xs">
            {verdict ?? 'Deploys a function if there is none and makes two calls: a fraction of a cent.'}
          </p>
        </div>
        {running ? (
          <Button onClick={stop}>Cancel</Button>
        ) : (
          <Button tone={connected && checks.length === 0 ? 'primary' : 'plain'} disabled={!connected} onClick={start}>
            {checks.length > 0 ? 'Check again' : 'Check'}
          </Button>
        )}
      </div>
      <ol className="flex flex-col">
        {config.awsSteps.map(({ step, name }, index) => {
          const check = checks.find((one) => one.step === step)
          const state: State = check?.state ?? (running && index === checks.length ? 'working' : 'unknown')
          return <Step key={step} name={name} state={state} check={check} />
        })}
      </ol>
      {!connected && <p className="mt-3 text-ink-2 text-xs">Fill in the form and save it first.</p>}
      {error ? (
        <div className="mt-3">
          <ErrorNote title="The check could not be made" {...errorValueOf(error)} />
        </div>
      ) : null}
    </section>
  )
}

function Step({ name, state, check }: { name: string; state: State; check: AwsCheck | undefined }) {
  const { icon: Icon, look, says } = LOOKS[state]
  return (
    <li data-testid="aws-step" data-state={state} className="flex gap-3 border-line border-t py-2 first:border-t-0">
      <span className={cx('mt-px flex size-5 shrink-0 items-center justify-center rounded-full', look)}>
        <Icon
          size={13}
          aria-hidden="true"
          className={cx(state === 'working' && 'animate-spin motion-reduce:animate-none')}
        />
      </span>
      <div className="min-w-0 grow">
        <p className="flex items-baseline gap-2">
          <span className="font-medium first-letter:uppercase">{name}</span>
          <span className="sr-only">: {says}</span>
          {check && check.ms > 0 && (
            <span className="tabular ml-auto text-ink-2 text-xs">{formatDuration(check.ms)}</span>
          )}
        </p>
        {check && <p className="break-words text-ink-2">{check.says}</p>}
        {check?.fix && (
          <div className="relative mt-1.5 rounded-md border border-line bg-sunken">
            <pre className="whitespace-pre-wrap break-words py-2 pr-9 pl-2.5 font-mono text-xs">{check.fix}</pre>
            <span className="absolute top-1 right-1">
              <IconButton
                small
                label={`Copy the fix: ${name}`}
                onClick={() => copyText(commandOf(check.fix!), 'Fix copied')}
              >
                <Copy size={13} />
              </IconButton>
            </span>
          </div>
        )}
      </div>
    </li>
  )
}

/** What of a fix is to be pasted somewhere: all that follows the words in front, where there is such a thing. */
function commandOf(fix: string): string {
  return /:\n([\s\S]+)$/.exec(fix)?.[1] ?? fix
}

function verdictOf(checks: readonly AwsCheck[], running: boolean, steps: number): string | undefined {
  if (running) return `Step ${Math.min(checks.length + 1, steps)} of ${steps}`
  if (checks.length === 0) return undefined
  const bad = checks.find(({ state }) => state === 'bad')
  if (bad) return `Not yet: ${bad.name}.`
  return checks.length < steps ? 'Cancelled.' : 'Calls can run on Lambda.'
}

/** One walk at a time; leaving the page ends it. */
function useWalk() {
  const client = useTRPCClient()
  const [checks, setChecks] = useState<readonly AwsCheck[]>([])
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<unknown>()
  const subscription = useRef<{ unsubscribe(): void }>(undefined)
  const stop = () => {
    subscription.current?.unsubscribe()
    setRunning(false)
  }
  useEffect(() => () => subscription.current?.unsubscribe(), [])
  const start = () => {
    setChecks([])
    setError(undefined)
    setRunning(true)
    subscription.current = client.settings.checkAws.subscribe(undefined, {
      onData: (check) => {
        // A connection that broke begins the walk anew.
        setChecks((known) => [...(known.some(({ step }) => step === check.step) ? [] : known), check])
        announce(`${check.name}: ${LOOKS[check.state].says}`)
      },
      onComplete: () => setRunning(false),
      onError: (problem) => {
        setError(problem)
        stop()
      },
    })
  }
  return { checks, running, error, start, stop }
}
