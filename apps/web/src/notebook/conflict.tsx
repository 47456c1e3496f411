'use client'
import { useEffect, useState } from 'react'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { useServices } from './context'
import type { DiffCell } from './diff'
import { DiffView } from './panel/diff-view'
import { diffCellsOf, present } from './panel/history'
import { useNotebookStore } from './store'

/** The file and the page differ: shows how, and asks which of them is to stay. Either is kept in the history. */
export function ConflictDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { client, context } = useServices()
  const store = useNotebookStore()
  const [both, setBoth] = useState<{ mine: DiffCell[]; theirs: DiffCell[] }>()
  const [problem, setProblem] = useState<string>()

  useEffect(() => {
    if (!open) return
    setBoth(undefined)
    setProblem(undefined)
    const mine = present(store.getState())
    client.document(store.getState().path).then(
      ({ notebook }) => setBoth({ mine, theirs: diffCellsOf(notebook) }),
      (error: Error) => setProblem(error.message),
    )
  }, [open, client, store])

  const choose = (choice: 'reload' | 'overwrite') => {
    context.saver.resolve(choice).then(
      () => onOpenChange(false),
      (error: Error) => setProblem(error.message),
    )
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="This notebook was changed elsewhere"
      description="Below: what the file holds (+) in place of what is on this page (−)."
    >
      {problem && <p className="mb-3 text-[13px] text-bad">{problem}</p>}
      {both ? <DiffView before={both.mine} after={both.theirs} /> : !problem && <p>…</p>}
      <div className="sticky bottom-0 -mx-5 mt-4 -mb-4 flex flex-wrap justify-end gap-2 border-line border-t bg-raised px-5 py-3">
        <Button onClick={() => onOpenChange(false)}>Decide later</Button>
        <Button onClick={() => choose('reload')}>Take the file’s</Button>
        <Button tone="danger" onClick={() => choose('overwrite')}>
          Overwrite it with mine
        </Button>
      </div>
    </Dialog>
  )
}
