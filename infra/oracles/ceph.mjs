/**
 * An S3 server that nobody of ours has written: Ceph's RADOS Gateway out of Debian's packages, with one monitor and one store in
 * memory, on loopback, in a folder that goes with it. Ready after about 15 s; takes about 1.2 GB.
 */
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '../lib/steps.mjs'

export const CEPH_PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common']
export const CEPH_PROGRAMS = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'ceph-authtool', 'radosgw-admin']

const READY_MS = 120_000

/** Gives `{ endpoint, region, credentials, version, close }`. */
export async function startCeph() {
  const home = mkdtempSync(join(tmpdir(), 'mayfly-ceph-'))
  const [monitorPort, port] = await freePorts(2)
  const monitor = `v1:127.0.0.1:${monitorPort}`
  const credentials = {
    accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: randomBytes(20).toString('hex'),
  }
  const fsid = randomUUID()
  const osd = randomUUID()
  const conf = join(home, 'ceph.conf')
  writeFileSync(conf, configuration({ home, fsid, monitor, port }))
  for (const folder of ['mon', 'osd', 'run', 'rgw']) mkdirSync(join(home, folder))
  const ceph = (program, ...args) => run(program, ['-c', conf, ...args], { cwd: home })
  const daemons = []
  const daemon = (program, ...args) => {
    const log = createWriteStream(join(home, `${program}.log`))
    const child = spawn(program, ['-c', conf, '-f', ...args], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    daemons.push(child)
  }
  const close = async () => {
    await Promise.all(daemons.reverse().map(ended))
    rmSync(home, { recursive: true, force: true })
  }
  try {
    const keyring = join(home, 'keyring')
    for (const name of ['mon.', 'client.admin', 'client.rgw.a', 'osd.0']) {
      const create = existsSync(keyring) ? [] : ['--create-keyring']
      const may = ['mon', 'osd', 'mgr'].flatMap((part) => ['--cap', part, 'allow *'])
      await run('ceph-authtool', [...create, keyring, '--gen-key', '-n', name, ...may])
    }
    const map = join(home, 'monmap')
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[${monitor}]`, map])
    await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring)
    daemon('ceph-mon', '-i', 'a')
    await ceph('ceph', '--connect-timeout', '60', 'osd', 'new', osd)
    // The same identity in both places, or the monitor ignores the store without a word.
    await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
    daemon('ceph-osd', '-i', '0')
    await ceph('ceph', 'osd', 'crush', 'add', 'osd.0', '1.0', 'host=here', 'root=default')
    const user = ['user', 'create', '--uid', 'mayfly', '--display-name', 'Mayfly']
    const keys = ['--access-key', credentials.accessKeyId, '--secret-key', credentials.secretAccessKey]
    await ceph('radosgw-admin', ...user, ...keys)
    daemon('radosgw', '-n', 'client.rgw.a')
    const endpoint = `http://127.0.0.1:${port}`
    await answers(endpoint)
    const version = (await run('radosgw', ['--version'])).trim()
    return { endpoint, region: 'us-east-1', domain: 's3.localhost', credentials, version, close }
  } catch (error) {
    for (const program of ['ceph-mon', 'ceph-osd', 'radosgw']) {
      const log = join(home, `${program}.log`)
      if (existsSync(log)) process.stderr.write(`--- ${program}\n${readFileSync(log, 'utf8').slice(-2000)}\n`)
    }
    await close()
    throw error
  }
}

function configuration({ home, fsid, monitor, port }) {
  return `[global]
fsid = ${fsid}
mon host = ${monitor}
keyring = ${home}/keyring
run dir = ${home}/run
admin socket = ${home}/run/$name.sock
pid file = ${home}/run/$name.pid
log file = ${home}/$name.log
crash dir = ${home}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon data = ${home}/mon
mon max pg per osd = 1000
[osd]
osd data = ${home}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class update on start = false
osd crush update on start = false
[client.rgw.a]
rgw data = ${home}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw dns name = s3.localhost
rgw enable usage log = false
`
}

async function answers(endpoint) {
  for (const until = Date.now() + READY_MS; ; await pause(250)) {
    if ((await fetch(endpoint).catch(() => undefined))?.ok) return
    if (Date.now() > until) throw new Error(`The gateway did not answer within ${READY_MS / 1000} s`)
  }
}

async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
