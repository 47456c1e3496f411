'use client'
import { Download, ExternalLink } from 'lucide-react'
import { useEffect } from 'react'
import { z } from 'zod'
import { formatBytes, plural } from '../../lib/format'
import { useServices } from '../context'

export const RestSchema = z.object({
  file: z.string().min(1),
  bytes: z.number(),
  lines: z.number().optional(),
  complete: z.boolean().optional(),
})

/** Stands where a cell printed more than a page should hold: the rest is in a file of the runner's. */
export function RestOutput({ rest }: { rest: z.infer<typeof RestSchema> }) {
  const { client } = useServices()
  // A link cannot carry the ticket in a header; the cookie must be there before it is followed.
  useEffect(() => void client.allowLinks().catch(() => {}), [client])
  const address = client.outputHref(rest.file)
  const size = [formatBytes(rest.bytes), rest.lines !== undefined && plural(rest.lines, 'line')]
    .filter(Boolean)
    .join(', ')
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-line border-dashed bg-sunken px-3 py-1.5 text-[13px]">
      <span className="text-ink-2">
        {rest.complete === false ? 'More is being written to a file' : 'The rest is in a file'} ({size})
      </span>
      <a
        href={address}
        target="_blank"
        rel="noopener"
        className="inline-flex min-h-6 items-center gap-1 font-medium text-accent underline"
      >
        <ExternalLink size={13} aria-hidden="true" /> Open the rest as a file
      </a>
      <a
        href={`${address}?download=1`}
        download
        className="inline-flex min-h-6 items-center gap-1 font-medium text-accent underline"
      >
        <Download size={13} aria-hidden="true" /> Download
      </a>
    </div>
  )
}
