/** News of the kernel for the user, as they come in `mayfly_notice` and `kernel_info_reply`. Pure. */
import { z } from 'zod'

export const NoticeSchema = z.looseObject({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullish(),
  /** What may be done about it. */
  action: z.enum(['restart', 'keep']).nullish().catch(undefined),
  /** When it happens unless something is done, ISO 8601. */
  until: z.string().nullish(),
  /** The trouble is over. */
  resolved: z.boolean().nullish(),
})
export type Notice = z.infer<typeof NoticeSchema>

export const KernelFactsSchema = z.looseObject({
  node: z.string().nullish(),
  heapLimitMb: z.number().nullish(),
  rssLimitMb: z.number().nullish(),
  notices: z.array(NoticeSchema).default([]),
})
export type KernelFacts = z.infer<typeof KernelFactsSchema>

/** The notices after one more: the newest of each code, none that is resolved. */
export function withNotice(notices: readonly Notice[], notice: Notice): readonly Notice[] {
  const others = notices.filter(({ code }) => code !== notice.code)
  return notice.resolved ? others : [...others, notice]
}

/** The notices after a document came with its fault, or with none: then what was at fault is mended. */
export function withFault(notices: readonly Notice[], fault: Notice | null | undefined): readonly Notice[] {
  const others = notices.some(({ resolved }) => resolved === false)
    ? notices.filter(({ resolved }) => resolved !== false)
    : notices
  return fault ? withNotice(others, { ...fault, resolved: false }) : others
}

/** The notices without those that an end of the kernel, or an answer to it, settles. */
export function withoutActions(notices: readonly Notice[]): readonly Notice[] {
  return notices.some(({ action }) => action) ? notices.filter(({ action }) => !action) : notices
}
