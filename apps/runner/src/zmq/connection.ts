/** The connection file that a Jupyter client writes for a kernel: read, checked, and turned into addresses. */
import { readFile } from 'node:fs/promises'
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'

/** The five sockets, by the names of the connection file. */
export const SOCKETS = ['shell', 'control', 'stdin', 'iopub', 'hb'] as const
export type SocketName = (typeof SOCKETS)[number]

export interface Connection {
  /** Where each socket is bound. */
  addresses: Record<SocketName, string>
  /** Key of the signatures; '' means that messages are not signed. */
  key: string
}

const port = z.int().min(1).max(65_535)

const fileSchema = z.object({
  transport: z.enum(['tcp', 'ipc']).default('tcp'),
  ip: z.string().min(1),
  key: z.string(),
  // Only its meaning without a key is free: nothing is signed then.
  signature_scheme: z.string().default('hmac-sha256'),
  shell_port: port,
  control_port: port,
  stdin_port: port,
  iopub_port: port,
  hb_port: port,
})

/**
 * Reads a connection file.
 * @throws MayflyError `E_KERNEL_CONNECTION` when it cannot be read or lacks something, `E_KERNEL_SIGNATURE` for a signature
 * scheme other than hmac-sha256. The key is in no message.
 */
export async function readConnection(file: string): Promise<Connection> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw refuse(file, (cause as Error).message, cause)
  }
  return parseConnection(text, file)
}

/** The same for text that was read already. */
export function parseConnection(text: string, file: string): Connection {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse(file, 'it is not JSON')
  }
  const parsed = fileSchema.safeParse(value)
  if (!parsed.success) {
    throw refuse(file, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  }
  const { transport, ip, key, signature_scheme: scheme, ...ports } = parsed.data
  if (key !== '' && scheme !== 'hmac-sha256') {
    throw new MayflyError('E_KERNEL_SIGNATURE', `${file} asks for signatures by ${JSON.stringify(scheme)}.`, {
      hint: 'This kernel signs with hmac-sha256: set Session.signature_scheme = "hmac-sha256" in the client.',
    })
  }
  // Jupyter's rule for IPC: the "ip" is a path, and the "port" a number behind it.
  const address = (name: SocketName) =>
    transport === 'tcp' ? `tcp://${ip}:${ports[`${name}_port`]}` : `ipc://${ip}-${ports[`${name}_port`]}`
  const addresses = Object.fromEntries(SOCKETS.map((name) => [name, address(name)])) as Record<SocketName, string>
  return { addresses, key }
}

function refuse(file: string, why: string, cause?: unknown): MayflyError {
  const hint = 'The connection file is written by the Jupyter client that starts the kernel.'
  return new MayflyError('E_KERNEL_CONNECTION', `The connection file ${file} cannot be used: ${why}.`, { hint, cause })
}
