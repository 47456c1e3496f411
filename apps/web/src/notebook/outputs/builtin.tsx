import { IMAGE_MIME, PROGRESS_MIME, TABLE_MIME } from '@mayfly/executor/events'
import { z } from 'zod'
import { DataTable } from '../../ui/table'
import { joinText } from '../document'
import { HtmlOutput } from './html'
import { ImageOutput, SvgOutput } from './image'
import { JsonOutput } from './json'
import { LatexOutput } from './latex'
import { MarkdownOutput } from './markdown'
import { PixelImage, PixelImageSchema } from './pixel-image'
import { ProgressOutput, ProgressSchema } from './progress'
import { checkedRenderer, type Renderer } from './renderer'
import { RestOutput, RestSchema } from './rest'
import { TextOutput } from './text'

export const REST_MIME = 'application/vnd.mayfly.rest+json'

const TableSchema = z.object({
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['number', 'string', 'boolean', 'date', 'json']).catch('json'),
      unit: z.string().optional(),
    }),
  ),
  data: z.array(z.array(z.unknown())),
  rows: z.number(),
  more: z.boolean().optional(),
  hiddenColumns: z.number().optional(),
  title: z.string().optional(),
})

/** The MIME types a notebook shows by itself, richest first. Data that is not what its type promises goes to the next one. */
export const BUILTIN_RENDERERS: readonly Renderer[] = [
  checkedRenderer(TABLE_MIME, TableSchema, ({ rows, ...table }) => (
    <DataTable label="Table output" total={rows} {...table} />
  )),
  checkedRenderer(IMAGE_MIME, PixelImageSchema, (image) => <PixelImage image={image} />),
  checkedRenderer(PROGRESS_MIME, ProgressSchema, (progress, { cellId }) => (
    <ProgressOutput progress={progress} cellId={cellId} />
  )),
  checkedRenderer(REST_MIME, RestSchema, (rest) => <RestOutput rest={rest} />),
  { mime: 'text/html', render: ({ data }) => <HtmlOutput html={joinText(data)} /> },
  { mime: 'text/markdown', render: ({ data }) => <MarkdownOutput text={joinText(data)} /> },
  { mime: 'image/svg+xml', render: ({ data, metadata }) => <SvgOutput svg={joinText(data)} metadata={metadata} /> },
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp'].map(
    (mime): Renderer => ({
      mime,
      render: ({ data, metadata }) => <ImageOutput mime={mime} data={joinText(data)} metadata={metadata} />,
    }),
  ),
  { mime: 'text/latex', render: ({ data }) => <LatexOutput text={joinText(data)} /> },
  { mime: 'application/json', render: ({ data }) => <JsonOutput value={data} /> },
  { mime: 'text/plain', render: ({ data }) => <TextOutput text={joinText(data)} /> },
]
