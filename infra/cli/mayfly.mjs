#!/usr/bin/env node
/** `npx mayfly COMMAND`: hands each command to the package that owns it. */
const OWNERS = {
  run: '@mayfly/runner/cli',
  kernel: '@mayfly/runner/cli',
  annotate: '@mayfly/pipeline/cli',
  isotopes: '@mayfly/pipeline/cli',
  synth: '@mayfly/pipeline/cli',
  hello: '@mayfly/executor/cli',
  test: '@mayfly/executor/cli',
  config: '@mayfly/executor/cli',
  job: '@mayfly/executor/cli',
  logs: '@mayfly/executor/cli',
  worker: '@mayfly/executor/cli',
  runtime: '@mayfly/executor/cli',
  storage: '@mayfly/executor/cli',
  cost: '@mayfly/executor/cli',
  clean: '@mayfly/executor/cli',
  doctor: '@mayfly/executor/cli',
}

const USAGE = `mayfly COMMAND

  run NOTEBOOK.ipynb [-p name=value …] -o OUT.ipynb   run a notebook without a browser; exit code 1 when a cell fails
  kernel install | uninstall | list | run              the kernel for JupyterLab and other Jupyter clients
  annotate DS.json DB.json OUTDIR                     annotate an imaging-MS data set
  synth OUTDIR --size 50MB                            a synthetic data set with its truth
  isotopes --sigma S FORMULA…                         isotope patterns as JSON
  hello                                               200 calls on local processes
  job list | show | attach | cancel | plot            the runs of this workspace
  logs [RUN] [-f]                                     what the calls of a run wrote
  worker list                                         the worker processes of this machine
  storage put | get | list | delete                   objects by hand
  cost [RUN] | predict                                prices, what a run cost, what one is going to cost
  test                                                makes calls and uses storage in every basic way
  runtime deploy | list | update | delete | build     what calls run on
  clean                                               removes what no run needs any more
  config                                              the settings in force, and where each comes from
  doctor [aws]                                        checks this machine, or an AWS account, and makes a test call

mayfly COMMAND --help says more.
`

const [command, ...rest] = process.argv.slice(2)
if (command === undefined || command === '--help' || command === '-h') {
  process.stdout.write(USAGE)
} else if (!(command in OWNERS)) {
  process.stderr.write(`E_CLI_COMMAND: Unknown command "${command}".\n\n${USAGE}`)
  process.exitCode = 2
} else {
  const { main } = await import(OWNERS[command]).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    process.stderr.write('E_CLI_NOT_BUILT: Mayfly is not built yet. Run `npm run build` in the repository first.\n')
    process.exit(2)
  })
  process.exitCode = await main([command, ...rest])
}
