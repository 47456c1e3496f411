/** What the runner's language service sends, checked at the border. Positions count from 0, columns in UTF-16 code units. */
import { z } from 'zod'

const Place = z.object({ line: z.number(), character: z.number() })
const span = { start: Place, end: Place }

const DiagnosticSchema = z.object({
  ...span,
  severity: z.enum(['error', 'warning', 'info', 'hint']),
  message: z.string(),
  code: z.number(),
  deprecated: z.boolean().optional(),
})

export const ReplySchema = z.union([
  z.object({
    push: z.literal('diagnostics'),
    cellId: z.string(),
    version: z.number(),
    items: z.array(DiagnosticSchema),
  }),
  z.object({
    push: z.literal('state'),
    state: z.enum(['starting', 'ready', 'failed']),
    message: z.string().optional(),
    hint: z.string().optional(),
  }),
  z.object({ push: z.literal('resend') }),
  z.object({ id: z.number(), error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }) }),
  z.object({ id: z.number(), result: z.unknown() }),
])

const EditSchema = z.object({ ...span, text: z.string() })
const Item = z.object({
  label: z.string(),
  kind: z.number(),
  sort: z.string(),
  insert: z.string().optional(),
  filter: z.string().optional(),
  snippet: z.boolean().optional(),
  span: z.object(span).optional(),
  deprecated: z.boolean().optional(),
  ref: z.string(),
})
const LocationSchema = z.object({
  ...span,
  cellId: z.string().optional(),
  file: z.string().optional(),
  path: z.string().optional(),
  text: z.string().optional(),
})
const Label = z.union([z.string(), z.tuple([z.number(), z.number()])])

/** The answers to questions, by what was asked. */
export const ANSWERS = {
  complete: z.object({ items: z.array(Item), incomplete: z.boolean(), unknown: z.boolean() }),
  resolve: z.object({
    detail: z.string().optional(),
    documentation: z.string().optional(),
    edits: z.array(EditSchema).optional(),
  }),
  hover: z.object({ text: z.string(), span: z.object(span).optional() }).nullable(),
  signature: z
    .object({
      active: z.number(),
      signatures: z.array(
        z.object({
          label: z.string(),
          documentation: z.string(),
          active: z.number(),
          parameters: z.array(z.object({ label: Label, documentation: z.string() })),
        }),
      ),
    })
    .nullable(),
  definition: z.array(LocationSchema),
  references: z.array(LocationSchema),
  renameable: z.object({ span: z.object(span), name: z.string() }).nullable(),
  rename: z.array(z.object({ cellId: z.string(), version: z.number(), edits: z.array(EditSchema) })),
  format: z.array(EditSchema),
}

export type Operation = keyof typeof ANSWERS
export type AnswerOf<Op extends Operation> = z.infer<(typeof ANSWERS)[Op]>
export type Diagnostic = z.infer<typeof DiagnosticSchema>
export type Place = z.infer<typeof Place>
export type Span = { start: Place; end: Place }
export type Location = z.infer<typeof LocationSchema>
export type TextEdit = z.infer<typeof EditSchema>
