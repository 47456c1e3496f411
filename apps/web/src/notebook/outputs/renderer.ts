import type { ReactNode } from 'react'

export interface RendererProps {
  data: unknown
  /** The output's metadata of this MIME type, for example `{ width, height }`. */
  metadata: Record<string, unknown>
}

/** Draws one MIME type. Renderers of other features are handed to the notebook by the page that composes them. */
export interface Renderer {
  mime: string
  render: (props: RendererProps) => ReactNode
}

/** The first renderer that the bundle has data for: the list is in order of richness. */
export function chooseRenderer(renderers: readonly Renderer[], data: Record<string, unknown>): Renderer | undefined {
  return renderers.find((renderer) => data[renderer.mime] !== undefined && data[renderer.mime] !== null)
}
