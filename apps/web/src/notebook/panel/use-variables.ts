import { useEffect, useRef, useState } from 'react'
import { useServices } from '../context'
import type { VariableList } from '../runner-schemas'
import { useNotebook } from '../store'

/** After a cell has ended, ms: a run of short cells is asked about once. */
const SETTLE_MS = 120
/** While cells run, and while the kernel cannot be asked. */
const BUSY_MS = 2000

/** The variables of the kernel: asked for at first, after each execution, and now and then while cells run. */
export function useVariables(): { list: VariableList | undefined; failed: boolean; refresh: () => void } {
  const { client } = useServices()
  const kernelId = useNotebook((state) => state.kernelId)
  const kernel = useNotebook((state) => state.kernel)
  const ended = useNotebook(({ cells }) =>
    Object.values(cells).reduce((last, cell) => Math.max(last, cell.finishedAt ?? 0), 0),
  )
  const lost = useNotebook((state) => state.kernelLostAt)
  const [list, setList] = useState<VariableList>()
  const [failed, setFailed] = useState(false)
  const look = useRef(() => {})

  useEffect(() => {
    if (kernelId === undefined) return
    let wanted = true
    let timer: ReturnType<typeof setTimeout> | undefined
    look.current = async () => {
      clearTimeout(timer)
      const found = await client.variables(kernelId).catch(() => undefined)
      if (!wanted) return
      if (found) setList(found)
      setFailed(!found)
      if (kernel === 'busy' || found?.busy) timer = setTimeout(look.current, BUSY_MS)
    }
    timer = setTimeout(look.current, ended + lost > 0 ? SETTLE_MS : 0)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [client, kernelId, kernel, ended, lost])

  return { list, failed, refresh: () => look.current() }
}
