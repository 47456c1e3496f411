import type { ReactNode } from 'react'
import type { z } from 'zod'

export interface RendererProps {
  data: unknown
  /** The output's metadata of this MIME type, for example `{ width, height }`. */
  metadata: Record<string, unknown>
  /** The cell that shows it. */
  cellId: string
}

/** Draws one MIME type. Renderers of other features are handed to the notebook by the page that composes them. */
export interface Renderer {
  mime: string
  /** Whether it can draw this data; a later renderer gets its turn when not. Default: anything. */
  accepts?: (data: unknown) => boolean
  render: (props: RendererProps) => ReactNode
}

/** The first renderer that the bundle has data for: the list is in order of richness. */
export function chooseRenderer(renderers: readonly Renderer[], data: Record<string, unknown>): Renderer | undefined {
  return renderers.find(({ mime, accepts }) => {
    const value = data[mime]
    return value !== undefined && value !== null && (accepts?.(value) ?? true)
  })
}

/** A renderer of data that must have a shape. Checked once per output: tables are large, and outputs are drawn often. */
export function checkedRenderer<Schema extends z.ZodType>(
  mime: string,
  schema: Schema,
  draw: (data: z.infer<Schema>, props: RendererProps) => ReactNode,
): Renderer {
  const checked = new WeakMap<object, z.ZodSafeParseResult<z.infer<Schema>>>()
  const check = (data: unknown) => {
    if (typeof data !== 'object' || data === null) return schema.safeParse(data)
    const known = checked.get(data) ?? schema.safeParse(data)
    checked.set(data, known)
    return known
  }
  return {
    mime,
    accepts: (data) => check(data).success,
    render: (props) => {
      const { success, data } = check(props.data)
      return success ? draw(data, props) : null
    },
  }
}
