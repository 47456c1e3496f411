/**
 * What a user can do in a notebook: one table for keys, toolbar, cell menu and the help overlay. `run` gets the context of
 * the open notebook; nothing here knows of React.
 */
import type { Cell } from './cells'
import { copiedCells, copyCells } from './clipboard'
import {
  convertCells,
  deleteCells,
  insertBeside,
  mergeCells,
  moveCells,
  neighbour,
  pasteCells,
  type Structure,
  splitCell,
  undoStep,
} from './edit'
import type { Session } from './kernel'
import type { Saver } from './save'
import { edited, type Mode, type NotebookStore, type PanelName, pickedOf, toggleFold } from './store'

export interface CommandContext {
  store: NotebookStore
  session: Session
  saver: Saver
  /** Shows the table of shortcuts. */
  help: () => void
  /** Shows the list of commands to choose from. */
  palette: () => void
  /** Restarts the kernel; asks first when variables would be lost. */
  restart: () => void
  /** Saves, and keeps what was saved as a version of its own. */
  checkpoint: () => void
  /** Offset of the cursor in a cell's source; its end when it has none. */
  cursor: (cellId: string) => number
  /** Formats all code cells. */
  format: () => void
}

export interface Command {
  id: string
  title: string
  /** Group in the help overlay. */
  group: 'Run' | 'Cells' | 'Move' | 'Kernel' | 'Notebook'
  keys: readonly string[]
  /** Mode the keys work in; `always` also while typing. */
  when: Mode | 'always'
  run: (context: CommandContext) => void | Promise<void>
}

export const COMMANDS: readonly Command[] = [
  command('cell.run-advance', 'Run and go to the next cell', 'Run', ['shift+enter'], 'always', (context) => {
    runSelected(context)
    advance(context)
  }),
  command('cell.run', 'Run the cell', 'Run', ['mod+enter'], 'always', (context) => {
    runSelected(context)
    context.store.setState({ mode: 'command' })
  }),
  command('cell.run-insert', 'Run and insert a cell below', 'Run', ['alt+enter'], 'always', (context) => {
    runSelected(context)
    change(context.store, (state) => insertBeside(state, state.selected, 'below', 'code'))
    context.store.setState({ mode: 'edit' })
  }),
  command('notebook.run-all', 'Run all cells', 'Run', ['mod+shift+enter'], 'always', ({ store, session, saver }) => {
    void saver.flush()
    session.run(store.getState().order)
  }),
  command('notebook.run-above', 'Run all cells above', 'Run', [], 'command', ({ store, session, saver }) => {
    const { order, selected } = store.getState()
    void saver.flush()
    if (selected !== undefined) session.run(order.slice(0, order.indexOf(selected)))
  }),
  command('notebook.run-below', 'Run this cell and all below', 'Run', [], 'command', ({ store, session, saver }) => {
    const { order, selected } = store.getState()
    void saver.flush()
    if (selected !== undefined) session.run(order.slice(order.indexOf(selected)))
  }),
  command('cell.edit', 'Edit the cell', 'Move', ['enter'], 'command', ({ store }) => store.setState({ mode: 'edit' })),
  command('cell.leave', 'Leave the cell', 'Move', ['escape'], 'edit', ({ store }) =>
    store.setState({ mode: 'command' }),
  ),
  command('cell.next', 'Select the next cell', 'Move', ['j', 'arrowdown'], 'command', ({ store }) => select(store, 1)),
  command('cell.previous', 'Select the previous cell', 'Move', ['k', 'arrowup'], 'command', ({ store }) =>
    select(store, -1),
  ),
  command('cell.insert-above', 'Insert a cell above', 'Cells', ['a'], 'command', ({ store }) =>
    change(store, (state) => insertBeside(state, state.selected, 'above', 'code')),
  ),
  command('cell.insert-below', 'Insert a cell below', 'Cells', ['b'], 'command', ({ store }) =>
    change(store, (state) => insertBeside(state, state.selected, 'below', 'code')),
  ),
  command('cell.delete', 'Delete the cells', 'Cells', ['d d'], 'command', ({ store }) => {
    changePicked(store, deleteCells)
  }),
  command('cell.undo', 'Undo the last change of cells', 'Cells', ['z'], 'command', ({ store }) =>
    change(store, undoStep),
  ),
  command('cell.cut', 'Cut the cells', 'Cells', ['x'], 'command', ({ store }) => {
    copyCells(pickedCells(store))
    changePicked(store, deleteCells)
  }),
  command('cell.copy', 'Copy the cells', 'Cells', ['c'], 'command', ({ store }) => copyCells(pickedCells(store))),
  command('cell.paste-below', 'Paste below', 'Cells', ['v'], 'command', ({ store }) =>
    change(store, (state) => pasteCells(state, copiedCells(), pickedOf(store.getState()).at(-1), 'below')),
  ),
  command('cell.paste-above', 'Paste above', 'Cells', ['shift+v'], 'command', ({ store }) =>
    change(store, (state) => pasteCells(state, copiedCells(), pickedOf(store.getState())[0], 'above')),
  ),
  command('cell.merge', 'Merge the cells, or with the next', 'Cells', ['shift+m'], 'command', ({ store }) => {
    changePicked(store, mergeCells)
  }),
  command('cell.split', 'Split at the cursor', 'Cells', ['mod+shift+-'], 'edit', ({ store, cursor }) =>
    change(store, (state) =>
      state.selected === undefined ? state : splitCell(state, state.selected, cursor(state.selected)),
    ),
  ),
  command('cell.move-up', 'Move the cells up', 'Cells', ['alt+arrowup'], 'command', ({ store }) => {
    changePicked(store, (state, ids) => moveCells(state, ids, -1))
  }),
  command('cell.move-down', 'Move the cells down', 'Cells', ['alt+arrowdown'], 'command', ({ store }) => {
    changePicked(store, (state, ids) => moveCells(state, ids, 1))
  }),
  command('cell.to-markdown', 'Make it a text cell', 'Cells', ['m'], 'command', ({ store }) => {
    changePicked(store, (state, ids) => convertCells(state, ids, 'markdown'))
  }),
  command('cell.to-code', 'Make it a code cell', 'Cells', ['y'], 'command', ({ store }) => {
    changePicked(store, (state, ids) => convertCells(state, ids, 'code'))
  }),
  command('cell.fold-source', 'Fold or unfold the source', 'Cells', ['shift+h'], 'command', ({ store }) => {
    store.setState((state) => toggleFold(state, pickedOf(state), 'source_hidden'))
  }),
  command('cell.fold-outputs', 'Fold or unfold the outputs', 'Cells', ['o'], 'command', ({ store }) => {
    store.setState((state) => toggleFold(state, pickedOf(state), 'outputs_hidden'))
  }),
  command('cell.pick-next', 'Extend the choice down', 'Move', ['shift+j', 'shift+arrowdown'], 'command', ({ store }) =>
    extend(store, 1),
  ),
  command('cell.pick-previous', 'Extend the choice up', 'Move', ['shift+k', 'shift+arrowup'], 'command', ({ store }) =>
    extend(store, -1),
  ),
  command('cell.pick-all', 'Choose all cells', 'Move', ['mod+a'], 'command', ({ store }) => {
    store.setState(({ order }) => {
      const [anchor, head] = [order[0], order.at(-1)]
      return anchor === undefined || head === undefined ? {} : { selected: head, picked: { anchor, head } }
    })
  }),
  command('kernel.interrupt', 'Interrupt the kernel', 'Kernel', ['i i'], 'command', ({ session }) => {
    void session.interrupt()
  }),
  command('kernel.restart', 'Restart the kernel', 'Kernel', ['0 0'], 'command', ({ restart }) => restart()),
  command('kernel.restart-run-all', 'Restart and run all cells', 'Kernel', ['0 r'], 'command', async (context) => {
    void context.saver.flush()
    await context.session.restart()
    context.session.run(context.store.getState().order)
  }),
  command('notebook.save', 'Save, and keep a version', 'Notebook', ['mod+s'], 'always', ({ checkpoint }) =>
    checkpoint(),
  ),
  command('notebook.find', 'Find and replace in all cells', 'Notebook', ['f', 'mod+shift+f'], 'command', ({ store }) =>
    store.setState({ finding: true }),
  ),
  command('panel.variables', 'Variables', 'Notebook', ['g v'], 'command', togglePanel('variables')),
  command('panel.outline', 'Outline', 'Notebook', ['g o'], 'command', togglePanel('outline')),
  command('panel.history', 'History of the notebook', 'Notebook', ['g h'], 'command', togglePanel('history')),
  command('notebook.format', 'Format all code cells', 'Notebook', ['mod+alt+f'], 'always', ({ format }) => format()),
  command('notebook.palette', 'Show all commands', 'Notebook', ['mod+k'], 'always', ({ palette }) => palette()),
  command('notebook.help', 'Show the shortcuts', 'Notebook', ['?'], 'command', ({ help }) => help()),
]

/**
 * The commands that a text names, best first: every word of it must begin or be part of a word of title or group. Those whose
 * title begins with it come first, then those where every word begins one; else the order of the table.
 */
export function commandsFor(text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const rated = COMMANDS.flatMap((entry) => {
    const title = entry.title.toLowerCase()
    const whole = ` ${title} ${entry.group.toLowerCase()}`
    if (!words.every((word) => whole.includes(word))) return []
    const begins = words.every((word) => whole.includes(` ${word}`))
    return [{ entry, rank: title.startsWith(words.join(' ')) ? 0 : begins ? 1 : 2 }]
  })
  return rated.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry)
}

/** The command of an id; unknown ids are a mistake in the program. */
export function commandOf(id: string): Command {
  const found = COMMANDS.find((entry) => entry.id === id)
  if (!found) throw new Error(`There is no command ${id}`)
  return found
}

/** The commands whose keys work in a mode, by binding. */
export function bindingsOf(mode: Mode): Map<string, Command> {
  const usable = COMMANDS.filter((entry) => entry.when === mode || entry.when === 'always')
  return new Map(usable.flatMap((entry) => entry.keys.map((keys) => [keys, entry] as const)))
}

function command(
  id: string,
  title: string,
  group: Command['group'],
  keys: string[],
  when: Command['when'],
  run: Command['run'],
): Command {
  return { id, title, group, keys, when, run }
}

function togglePanel(name: PanelName): Command['run'] {
  return ({ store }) => store.setState(({ panel }) => ({ panel: panel === name ? undefined : name }))
}

function runSelected({ store, session, saver }: CommandContext) {
  void saver.flush()
  session.run(pickedOf(store.getState()))
}

/** Goes to the next cell; after the last one a new cell is made. */
function advance({ store }: CommandContext) {
  const { order, selected } = store.getState()
  const last = selected === order.at(-1)
  if (last) change(store, (state) => insertBeside(state, state.selected, 'below', 'code'))
  else store.setState((state) => ({ selected: neighbour(state, state.selected, 1) }))
  store.setState({ mode: last ? 'edit' : 'command' })
}

function select(store: NotebookStore, by: number) {
  store.setState((state) => ({ selected: neighbour(state, state.selected, by) }))
}

/** Moves the end of the choice; where it began stays. */
function extend(store: NotebookStore, by: 1 | -1) {
  store.setState((state) => {
    const { selected, picked } = state
    const head = neighbour(state, selected, by)
    if (selected === undefined || head === undefined) return {}
    return { selected: head, picked: { anchor: picked?.head === selected ? picked.anchor : selected, head } }
  })
}

/** The chosen cells. */
function pickedCells(store: NotebookStore): Cell[] {
  const state = store.getState()
  return pickedOf(state).map((id) => state.cells[id]!)
}

/** Changes the chosen cells; those that are still there stay chosen. */
function changePicked(store: NotebookStore, apply: (state: Structure, ids: readonly string[]) => Structure) {
  const ids = pickedOf(store.getState())
  const { picked, selected } = store.getState()
  change(store, (state) => apply(state, ids))
  const state = store.getState()
  if (picked && picked.head === selected && ids.every((id) => state.cells[id])) store.setState({ selected, picked })
}

function change(store: NotebookStore, apply: (state: Structure) => Structure) {
  store.setState((state) => {
    const { order, cells, selected, steps } = apply(state)
    const same = order === state.order && cells === state.cells
    return same ? state : edited(state, { order, cells, selected, steps })
  })
}
