'use client'
import { Button } from '../ui/button'
import { ErrorNote } from '../ui/panel'

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <main className="mx-auto max-w-2xl px-6 py-16">
      <h1 className="mb-4 font-semibold text-xl">This page stopped</h1>
      <ErrorNote
        title="The page could not be drawn"
        message={error.message}
        hint="Your notebook is saved by the runner; drawing the page again loses nothing."
        code={error.digest ? `E_PAGE ${error.digest}` : 'E_PAGE'}
        action={<Button onClick={reset}>Draw it again</Button>}
      />
    </main>
  )
}
