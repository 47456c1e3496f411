import Link from 'next/link'
import { EmptyState } from '../ui/panel'

export default function NotFound() {
  return (
    <main className="mx-auto max-w-2xl px-6 py-16">
      <h1 className="sr-only">Page not found</h1>
      <EmptyState
        title="There is no such page"
        action={
          <Link href="/" className="font-medium text-accent underline">
            Go home
          </Link>
        }
      >
        The address may be mistyped, or the notebook was moved. Your notebooks are listed on the home page.
      </EmptyState>
    </main>
  )
}
