/** `npm run deploy:aws -- --dry-run` as it is typed, and that what it prints is what an executor takes. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configInForce, prices } from '@mayfly/executor'
import { afterAll, describe, expect, it } from 'vitest'
import { examplePrices } from './price.js'

const SCRIPT = fileURLToPath(new URL('../deploy.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mayfly-deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function deploy(args: string[]): Promise<{ code: number; out: string; err: string }> {
  // Nothing to connect with: a dry run must not need it.
  const { AWS_REGION: _region, AWS_DEFAULT_REGION: _default, ...env } = process.env
  const none = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: join(folder, 'none'), AWS_PROFILE: 'nobody' }
  return new Promise((resolve) =>
    execFile(process.execPath, [SCRIPT, ...args], { cwd: folder, env: { ...env, ...none } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )
}

/** A folder with that section as its configuration. */
function configured(printed: { storage: object }): string {
  const complete = { ...printed, storage: { ...printed.storage, bucket: 'the-bucket' } }
  writeFileSync(join(folder, 'mayfly.config.json'), JSON.stringify(complete))
  return folder
}

describe('a dry run', () => {
  it('synthesizes with the worker of this installation and prints a section that the executor accepts', async () => {
    const { code, out, err } = await deploy([
      '--dry-run',
      '--region',
      'eu-west-1',
      '--memory',
      '512, 1769',
      '--prefixes',
      'mine/',
    ])
    expect([code, err]).toEqual([0, expect.stringContaining('Synthesize and check')])
    expect(out).toMatch(/ 2 AWS::Lambda::Function\n/)
    expect(out).toContain('No budget alarm: give --email to have one.')
    const printed = JSON.parse(out.slice(out.indexOf('For mayfly.config.json:') + 'For mayfly.config.json:'.length))
    const { options } = configInForce({}, { cwd: configured(printed), env: {} })
    expect(options).toMatchObject({
      storage: { region: 'eu-west-1' },
      aws_lambda: { functions: { 512: 'mayfly-512' } },
    })

    const assembly = fileURLToPath(new URL('../dist/deploy/cdk.out/', import.meta.url))
    const template = JSON.parse(readFileSync(join(assembly, 'mayfly.template.json'), 'utf8'))
    const { Properties } = Object.values<{ Type: string; Properties: never }>(template.Resources).find(
      ({ Type }) => Type === 'AWS::Lambda::Function',
    ) as {
      Properties: { Code: { S3Key: string }; Environment: { Variables: { MAYFLY_WORKER: string } }; Handler: string }
    }
    const hash = /worker (\w{12}):/.exec(out)?.[1]
    expect(Properties.Environment.Variables.MAYFLY_WORKER).toBe(hash)
    expect(Properties.Handler).toMatch(/\.handler$/)
    // The archive itself is in the assembly, under the name the template asks for.
    expect(existsSync(join(assembly, `asset.${Properties.Code.S3Key}`))).toBe(true)
    expect(JSON.stringify(template)).toContain('/mine/*')
  })

  it('says which option is wrong, and how it is used', async () => {
    const { code, err } = await deploy(['--dry-run', '--regoin', 'eu-west-1'])
    expect([code, err]).toEqual([2, expect.stringMatching(/^Unknown option '--regoin'[\s\S]*--region REGION/)])
  })
})

describe('the price of an example', () => {
  it('follows from the table of prices', () => {
    const [demo, published] = examplePrices()
    const { gbSecond, request } = prices().aws_lambda
    const { put, get, list } = prices().aws_s3
    expect(demo!.compute).toBeCloseTo(15.01 * gbSecond + 130 * request, 9)
    expect(demo!.storage).toBeCloseTo(395 * put + 1808 * get + 25 * list, 12)
    expect(published!.gbSeconds).toBeCloseTo(0.227 / 0.000017, 6)
    expect(published!.compute).toBeCloseTo(published!.gbSeconds * gbSecond + 1588 * request, 6)
    expect(published!.total / published!.published!).toBeGreaterThan(0.5)
    expect(published!.total / published!.published!).toBeLessThan(1.5)
    expect(examplePrices('arm64')[1]!.compute).toBeLessThan(published!.compute)
  })
})
