import { type RefObject, useEffect, useState } from 'react'

/** Whether an element is on the screen or within `margin` CSS pixels of it. */
export function useNearViewport(element: RefObject<HTMLElement | null>, margin: number): boolean {
  const [near, setNear] = useState(false)
  useEffect(() => {
    const target = element.current
    if (!target) return
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)!.isIntersecting), {
      rootMargin: `${margin}px 0px`,
    })
    observer.observe(target)
    return () => observer.disconnect()
  }, [element, margin])
  return near
}
