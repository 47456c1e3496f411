import { describe, expect, it } from 'vitest'
import { type AwsForm, changeOf, faultsOf, formOf, pasted, snippetOf } from './aws-form'

const GOOD: AwsForm = {
  ...formOf({}),
  region: 'eu-central-1',
  role: 'arn:aws:iam::123456789012:role/mayfly',
  bucket: 'my-bucket',
}

describe('what is in force fills the form', () => {
  it('from both sections, references as names of variables', () => {
    const form = formOf({
      aws_lambda: { region: 'eu-central-1', role: GOOD.role, memoryClasses: [512, 1769], architecture: 'arm64' },
      aws_s3: { region: 'eu-west-1', bucket: 'b', accessKeyId: '{{env.ID}}', secretAccessKey: '(not shown)' },
    })
    expect(form).toMatchObject({ region: 'eu-central-1', bucketRegion: 'eu-west-1', memoryClasses: '512, 1769' })
    expect(form).toMatchObject({ architecture: 'arm64', keyVariable: 'ID', secretVariable: '' })
  })

  it('from a storage where there is no section', () => {
    expect(formOf({ storage: { backend: 'aws_s3', bucket: 'old', region: 'eu-west-1' } })).toMatchObject({
      ...{ region: 'eu-west-1', bucket: 'old', bucketRegion: '' },
    })
    expect(formOf({ storage: 'localhost' }).bucket).toBe('')
  })

  it('and comes back as the same sections', () => {
    const sections = {
      aws_lambda: { region: 'eu-central-1', role: GOOD.role, profile: 'p', memoryClasses: [512] },
      aws_s3: {
        region: 'eu-central-1',
        bucket: 'my-bucket',
        profile: 'p',
        endpoint: 'http://127.0.0.1:1',
        forcePathStyle: true,
      },
    }
    expect(JSON.parse(snippetOf(formOf(sections)))).toEqual(sections)
  })
})

describe('what deploy:aws printed fills the form', () => {
  const sections = {
    aws_lambda: { region: 'eu-central-1', architecture: 'arm64', functions: { '512': 'mayfly-512' } },
    aws_s3: { region: 'eu-central-1', bucket: 'mayfly-data' },
  }

  it('whole or without its braces', () => {
    const text = JSON.stringify(sections)
    for (const given of [text, text.slice(1, -1), `${text.slice(1, -1)},`]) {
      expect(JSON.parse(snippetOf(pasted(given)!))).toEqual(sections)
      expect(faultsOf(pasted(given)!)).toEqual({})
    }
  })

  it.each(['', 'x', '{}', '[1]', 'null', '{"aws_lambda": 3}'])('not %j', (text) => {
    expect(pasted(text)).toBeUndefined()
  })
})

describe('a change', () => {
  it('takes out what was emptied', () => {
    expect(changeOf(GOOD)).toEqual({
      aws_lambda: {
        ...{ region: 'eu-central-1', role: GOOD.role, profile: null, endpoint: null },
        ...{ functionPrefix: null, architecture: null, memoryClasses: null, functions: null },
      },
      aws_s3: {
        ...{ region: 'eu-central-1', bucket: 'my-bucket', profile: null, endpoint: null },
        ...{ forcePathStyle: null, accessKeyId: null, secretAccessKey: null },
      },
    })
  })

  it('names variables, never values', () => {
    const { aws_s3 } = changeOf({ ...GOOD, keyVariable: 'ID', secretVariable: 'SECRET' })
    expect(aws_s3).toMatchObject({ accessKeyId: '{{env.ID}}', secretAccessKey: '{{env.SECRET}}' })
  })
})

describe('faults', () => {
  it('has none for a good form', () => {
    expect(faultsOf(GOOD)).toEqual({})
    expect(faultsOf({ ...GOOD, role: '', functions: '{"512":"mayfly-512"}' })).toEqual({})
  })

  it.each<[keyof AwsForm, string]>([
    ['region', 'Frankfurt'],
    ['region', ''],
    ['role', ''],
    ['role', 'mayfly'],
    ['bucket', 'My_Bucket'],
    ['bucket', ''],
    ['bucketRegion', 'x'],
    ['profile', 'AKIAIOSFODNN7EXAMPLE'],
    ['profile', 'two words'],
    ['memoryClasses', '512, much'],
    ['memoryClasses', '64'],
    ['functionPrefix', 'a b'],
    ['s3Endpoint', 'localhost'],
    ['lambdaEndpoint', 'ftp://x'],
    ['keyVariable', 'not-a-name'],
  ])('%s: %j', (name, value) => {
    expect(faultsOf({ ...GOOD, [name]: value })[name]).toMatch(/\.$/)
  })

  it('of two fields that need each other', () => {
    expect(faultsOf({ ...GOOD, keyVariable: 'ID' })).toHaveProperty('secretVariable')
    expect(faultsOf({ ...GOOD, secretVariable: 'S' })).toHaveProperty('keyVariable')
    expect(faultsOf({ ...GOOD, keyVariable: 'ID', secretVariable: 'S', profile: 'p' })).toHaveProperty('keyVariable')
  })
})
