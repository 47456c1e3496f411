/** `/api/mayfly/examples`: notebooks to begin with. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { Hono } from 'hono'
import { blankNotebook, formatNotebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { writeAtomic } from '../workspace/atomic.js'
import type { Contents } from '../workspace/contents.js'
import type { Workspace } from '../workspace/workspace.js'

interface Example {
  id: string
  title: string
  summary: string
  /** How long reading and running it takes. */
  minutes: number
  /** Where it ships; none for the blank one. */
  source?: { package: string; file: string }
}

const EXAMPLES: Example[] = [
  {
    id: 'hello-map',
    title: 'Hello, map',
    summary: '200 calls of your own function on parallel local processes, watched live.',
    minutes: 1,
    source: { package: '@mayfly/executor', file: 'notebooks/hello-map.ipynb' },
  },
  {
    id: 'demo',
    title: 'Annotate a small imaging-MS data set (METASPACE demo)',
    summary: 'From spectra to annotated ion images, stage by stage, with a data set that is made on the spot.',
    minutes: 3,
    source: { package: '@mayfly/pipeline', file: 'notebooks/demo.ipynb' },
  },
  {
    id: 'experiment-1-typical',
    title: 'Experiment 1: a typical annotation, timed',
    summary: 'Time, cost, client memory, and validation against the truth; results saved as CSV and Parquet.',
    minutes: 3,
    source: { package: '@mayfly/pipeline', file: 'notebooks/experiment-1-typical.ipynb' },
  },
  {
    id: 'experiment-2-interactive',
    title: 'Experiment 2: interactive annotation',
    summary: 'A data set prepared once; change molecules, adducts or modifiers and have the answer in seconds.',
    minutes: 2,
    source: { package: '@mayfly/pipeline', file: 'notebooks/experiment-2-interactive.ipynb' },
  },
  {
    id: 'experiment-3-stress',
    title: 'Experiment 3: as large as this machine allows',
    summary: 'The largest data set that memory and disk allow, annotated and timed.',
    minutes: 20,
    source: { package: '@mayfly/pipeline', file: 'notebooks/experiment-3-stress.ipynb' },
  },
  { id: 'blank', title: 'Blank notebook', summary: 'An empty TypeScript notebook.', minutes: 0 },
]

const require = createRequire(import.meta.url)

export function exampleRoutes(workspace: Workspace, contents: Contents): Hono {
  const app = new Hono()
  app.get('/api/mayfly/examples', (c) => c.json(EXAMPLES.map(({ source: _, ...example }) => example)))
  app.post('/api/mayfly/examples/:id', async (c) => {
    const example = EXAMPLES.find(({ id }) => id === c.req.param('id'))
    if (!example) throw notFound('example', c.req.param('id'))
    const path = example.source ? `${example.id}.ipynb` : await contents.freePath('', 'Untitled', '.ipynb')
    if (!(await contents.exists(path)))
      await writeAtomic(
        await workspace.resolve(path),
        example.source ? await shipped(example.source) : formatNotebook(blankNotebook()),
      )
    return c.json({ path })
  })
  return app
}

async function shipped(source: { package: string; file: string }): Promise<string> {
  const file = join(dirname(require.resolve(`${source.package}/package.json`)), source.file)
  return readFile(file, 'utf8').catch((cause) => {
    throw new MayflyError('E_EXAMPLE_MISSING', `the example ${source.file} of ${source.package} is not installed`, {
      cause,
      hint: 'Install Mayfly again with "npm ci".',
    })
  })
}
