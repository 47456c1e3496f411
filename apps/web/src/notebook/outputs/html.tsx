'use client'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { currentTheme, onThemeChange } from '../../lib/theme'

const TALLEST = 2000

/**
 * HTML of an output in a frame of its own origin: its scripts run, but reach neither this page nor the network. The frame
 * says how tall it is.
 */
export function HtmlOutput({ html }: { html: string }) {
  const theme = useSyncExternalStore(onThemeChange, currentTheme, () => 'light' as const)
  return <Frame key={`${theme} ${html}`} html={html} theme={theme} />
}

function Frame({ html, theme }: { html: string; theme: string }) {
  const frame = useRef<HTMLIFrameElement>(null)
  const [height, setHeight] = useState(32)
  useEffect(() => {
    const receive = (event: MessageEvent) => {
      if (event.source !== frame.current?.contentWindow) return
      if (event.data?.type === 'mayfly:ready') {
        const ink = getComputedStyle(document.documentElement).getPropertyValue('--ink')
        // The frame's origin is opaque, it can only be addressed as any; what is sent is the output itself.
        frame.current?.contentWindow?.postMessage({ type: 'mayfly:html', html, theme, ink }, '*')
      }
      if (event.data?.type === 'mayfly:height')
        setHeight(Math.min(TALLEST, Math.max(24, Number(event.data.height) || 0)))
    }
    window.addEventListener('message', receive)
    return () => window.removeEventListener('message', receive)
  }, [html, theme])
  return (
    <iframe
      ref={frame}
      title="HTML output"
      src="/frame"
      sandbox="allow-scripts allow-popups"
      className="block w-full"
      style={{ height, colorScheme: theme }}
    />
  )
}
