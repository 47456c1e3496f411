/** S3 and Lambda as doubles, and a product whose workspace may be connected to them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Doubles, startDoubles } from '@mayfly/executor/testing'
import { type Product, startProduct } from '../infra/lib/servers.mjs'

export type Cloud = Doubles

/** Starts both doubles, with the keys in variables that the product finds them in, as a user would set them. */
export const startCloud = (): Promise<Cloud> =>
  startDoubles({
    ...{ lambda: { concurrency: 10 }, bucket: 'mine' },
    keys: { id: 'MAYFLY_E2E_S3_ID', secret: 'MAYFLY_E2E_S3_SECRET' },
  })

export interface Connected {
  product: Product
  workspace: string
  stop(): Promise<void>
}

/** A product on a workspace of its own that sees the variables of the cloud. */
export async function startConnected(port: number): Promise<Connected> {
  const workspace = mkdtempSync(join(tmpdir(), 'mayfly-e2e-cloud-'))
  const product = await startProduct({ workspace, port })
  return {
    product,
    workspace,
    async stop() {
      await product.stop()
      rmSync(workspace, { recursive: true, force: true })
    },
  }
}
