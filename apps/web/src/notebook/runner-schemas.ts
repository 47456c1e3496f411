/** What the runner tells of a kernel and of a notebook's history, checked at the border. */
import { z } from 'zod'

export const UsageSchema = z.looseObject({
  /** Null while the kernel has no process. */
  pid: z.number().nullable(),
  /** Resident bytes of the kernel and its descendants. */
  rss: z.number(),
  /** Resident bytes of the kernel alone: what `rssLimit` limits. */
  ownRss: z.number().nullish(),
  heapUsed: z.number().nullish(),
  /** Bytes. */
  heapLimit: z.number().nullish(),
  rssLimit: z.number().nullish(),
  /** Cores in use: 1 is one core fully used. */
  cpu: z.number(),
})
export type KernelUsage = z.infer<typeof UsageSchema>

const Summary = {
  type: z.string(),
  length: z.number().optional(),
  shape: z.array(z.number()).optional(),
  bytes: z.number().optional(),
  preview: z.string(),
  expandable: z.boolean().default(false),
}

export const VariableListSchema = z.looseObject({
  /** The kernel computes and cannot be asked: these are those of `at`. */
  busy: z.boolean(),
  at: z.string(),
  variables: z.array(z.looseObject({ ...Summary, name: z.string(), kind: z.string(), cellId: z.string().nullish() })),
})
export type VariableList = z.infer<typeof VariableListSchema>
export type Variable = VariableList['variables'][number]

export const VariableDetailSchema = z.looseObject({
  children: z.array(z.looseObject({ ...Summary, key: z.union([z.string(), z.number()]), label: z.string() })),
  /** Index of the first child listed, and children there are in all. */
  from: z.number(),
  total: z.number(),
})
export type VariableDetail = z.infer<typeof VariableDetailSchema>
export type VariableChild = VariableDetail['children'][number]

export const VersionSchema = z.looseObject({
  id: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  cause: z.enum(['autosave', 'checkpoint', 'restore', 'conflict']).catch('autosave'),
  cells: z.number(),
  bytes: z.number(),
  hash: z.string(),
})
export type Version = z.infer<typeof VersionSchema>
