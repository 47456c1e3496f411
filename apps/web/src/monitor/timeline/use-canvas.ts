'use client'

import { useEffect, useRef } from 'react'
import { onThemeChange } from '../../lib/theme'
import type { RunFeed } from '../feed'
import { onFrames } from '../hooks'
import { type Palette, readPalette } from './palette'

/**
 * Draws on a canvas outside React: on the next frame after news, a change of `depends`, of size or of theme. `draw` gets
 * a context whose unit is the CSS pixel.
 */
export function useCanvas(
  feed: RunFeed,
  size: { width: number; height: number },
  draw: (pen: CanvasRenderingContext2D, palette: Palette) => void,
  depends: readonly unknown[],
) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const latest = useRef(draw)
  latest.current = draw
  const dirty = useRef(() => {})
  const { width, height } = size
  useEffect(() => {
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen || width <= 0 || height <= 0) return
    let palette = readPalette(element)
    const frames = onFrames(feed, () => {
      const ratio = window.devicePixelRatio || 1
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
      if (element.width !== w || element.height !== h) {
        element.width = w
        element.height = h
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0)
      latest.current(pen, palette)
    })
    dirty.current = frames.dirty
    const leave = onThemeChange(() => {
      palette = readPalette(element)
      frames.dirty()
    })
    return () => {
      leave()
      frames.stop()
    }
  }, [feed, width, height])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller lists what the picture depends on
  useEffect(() => dirty.current(), depends)
  return canvas
}
