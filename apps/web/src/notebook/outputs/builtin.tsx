import { TABLE_MIME } from '@mayfly/executor/events'
import { z } from 'zod'
import { DataTable } from '../../ui/table'
import { joinText } from '../document'
import { HtmlOutput } from './html'
import { ImageOutput, SvgOutput } from './image'
import { JsonOutput } from './json'
import { MarkdownOutput } from './markdown'
import type { Renderer } from './renderer'
import { TextOutput } from './text'

const Table = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.enum(['number', 'string', 'boolean', 'date', 'json']) })),
    data: z.array(z.array(z.unknown())),
    rows: z.number(),
    shown: z.number(),
  })
  .transform(({ columns, data, rows, shown }) => ({
    columns: columns.map(({ name, type }) => ({
      name,
      type: type === 'date' || type === 'json' ? ('other' as const) : type,
    })),
    rows: Array.from({ length: shown }, (_, row) => columns.map((_, i) => plainCell(data[i]?.[row]))),
    total: rows,
  }))

const plainCell = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : value === null || value === undefined
      ? null
      : JSON.stringify(value)

/** The MIME types a notebook shows by itself, richest first. */
export const BUILTIN_RENDERERS: readonly Renderer[] = [
  {
    mime: TABLE_MIME,
    render: ({ data }) => {
      const table = Table.safeParse(data)
      return table.success ? <DataTable label="Table output" {...table.data} /> : <JsonOutput value={data} />
    },
  },
  { mime: 'text/html', render: ({ data }) => <HtmlOutput html={joinText(data)} /> },
  { mime: 'text/markdown', render: ({ data }) => <MarkdownOutput text={joinText(data)} /> },
  { mime: 'image/svg+xml', render: ({ data, metadata }) => <SvgOutput svg={joinText(data)} metadata={metadata} /> },
  {
    mime: 'image/png',
    render: ({ data, metadata }) => <ImageOutput mime="image/png" data={joinText(data)} metadata={metadata} />,
  },
  {
    mime: 'image/jpeg',
    render: ({ data, metadata }) => <ImageOutput mime="image/jpeg" data={joinText(data)} metadata={metadata} />,
  },
  { mime: 'application/json', render: ({ data }) => <JsonOutput value={data} /> },
  { mime: 'text/latex', render: ({ data }) => <TextOutput text={joinText(data)} /> },
  { mime: 'text/plain', render: ({ data }) => <TextOutput text={joinText(data)} /> },
]
