/** What the stack promises, read from the template that CloudFormation gets. No network, no account, no CLI. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApp } from './app.js'
import { section } from './section.js'
import { settings } from './settings.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-cdk-'))
const worker = { file: join(folder, 'worker.zip'), hash: '0123456789ab', handler: 'a/b.handler' }
const chosen = settings({
  region: 'eu-central-1',
  memory: [1769, 512],
  email: 'owner@example.org',
  budget: 7,
  concurrency: 50,
})
let template: Template

beforeAll(() => {
  writeFileSync(worker.file, 'a zip')
  const { app, stack } = makeApp(chosen, worker, join(folder, 'out'))
  // Throws on any finding of cdk-nag that is not accepted with a reason.
  app.synth()
  template = Template.fromStack(stack)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Statement {
  Effect: string
  Action: string | string[]
  Resource: unknown
  Sid?: string
  Condition?: unknown
}

/** Every policy statement of the template, with the resource it belongs to. */
function statements(): (Statement & { of: string })[] {
  const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string; Properties: object }> }
  return Object.values(Resources).flatMap(({ Type, Properties }) => {
    const found: Statement[] = []
    JSON.stringify(Properties, (key, value) => {
      if (key === 'Statement') found.push(...(value as Statement[]))
      return value
    })
    return found.map((statement) => ({ ...statement, of: Type }))
  })
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])
/** A resource as text, with references left out. */
const text = (resource: unknown): string =>
  typeof resource === 'string'
    ? resource
    : ((resource as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join']?.[1]
        .map((part) => (typeof part === 'string' ? part : '⟨⟩'))
        .join('') ?? '⟨⟩')

describe('the bucket', () => {
  it('is encrypted, closed to the public and to plain connections, and stays when the stack goes', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    })
    const deny = { Action: 's3:*', Effect: 'Deny', Principal: { AWS: '*' } }
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({ ...deny, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      },
    })
  })

  it('forgets what jobs left behind after a week, and half an upload after a day', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          { Id: 'jobs', Prefix: 'jobs/', ExpirationInDays: 7, Status: 'Enabled' },
          { Id: 'uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' },
        ],
      },
    })
  })
})

describe('the functions', () => {
  it('are one per size, with the worker, its hash, the one log and the reserved concurrency', () => {
    template.resourceCountIs('AWS::Lambda::Function', 2)
    for (const MemorySize of [512, 1769]) {
      template.hasResourceProperties('AWS::Lambda::Function', {
        ...{ FunctionName: `mayfly-${MemorySize}`, MemorySize, Timeout: 900, Runtime: 'nodejs24.x' },
        ...{ Architectures: ['x86_64'], Handler: worker.handler, ReservedConcurrentExecutions: 50 },
        Environment: { Variables: { MAYFLY_WORKER: worker.hash } },
        LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^Log') } },
        Tags: [{ Key: 'mayfly', Value: 'mayfly' }],
      })
    }
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 14, LogGroupName: '/mayfly/mayfly' })
  })

  it('hand over what could not be called to an encrypted queue, without retries of the platform', () => {
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 2)
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', {
      ...{ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 300 },
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DeadLetter'), 'Arn'] } },
      },
    })
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 })
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    })
  })

  it('share what the account has unless a concurrency is reserved', () => {
    const { stack } = makeApp(settings({ region: 'eu-central-1' }), worker)
    const found = Template.fromStack(stack).findResources('AWS::Lambda::Function')
    expect(Object.values(found).map(({ Properties }) => 'ReservedConcurrentExecutions' in Properties)).not.toContain(
      true,
    )
  })
})

describe('rights', () => {
  /** The statements with a wildcard in their resources, and why it must be. */
  const WILD: Record<string, { resource: RegExp; actions?: string[]; why: string }> = {
    Objects: {
      resource: /^⟨⟩\/(code|data|jobs|cache|cleaner|cloudobjects|pipeline|files)\/\*$/,
      why: 'keys are made while calls run; each prefix is named',
    },
    Quota: { resource: /^\*$/, actions: ['lambda:GetAccountSettings'], why: 'it belongs to no resource' },
  }

  it('have no wildcard but those that must be, and no action with one', () => {
    const allowed = statements().filter(({ Effect, Resource }) => Effect === 'Allow' && Resource)
    expect(allowed).toHaveLength(8)
    for (const { Sid = '', Action, Resource } of allowed) {
      for (const action of list(Action)) expect(action).not.toContain('*')
      const wild = list(Resource)
        .map(text)
        .filter((resource) => resource.includes('*'))
      for (const resource of wild) expect(resource, Sid).toMatch(WILD[Sid]?.resource ?? /^no wildcard$/)
      if (wild.length > 0 && WILD[Sid]?.actions) expect(list(Action)).toEqual(WILD[Sid].actions)
    }
  })

  it('of functions are their objects, their log and their dead letters, and only Lambda takes the role on', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
      ManagedPolicyArns: Match.absent(),
    })
    const own = statements().filter(({ of, Sid }) => of === 'AWS::IAM::Role' && Sid)
    expect(own.map(({ Sid, Action }) => [Sid, list(Action).join(' ')])).toEqual([
      ['Objects', 's3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload'],
      ['List', 's3:ListBucket'],
      ['Log', 'logs:CreateLogStream logs:PutLogEvents'],
      ['DeadLetter', 'sqs:SendMessage'],
    ])
    template.resourceCountIs('AWS::IAM::Policy', 0)
  })

  it('of callers are these functions and the same objects; they can deploy nothing', () => {
    const own = statements().filter(({ of }) => of === 'AWS::IAM::ManagedPolicy')
    expect(own.map(({ Action }) => list(Action).join(' '))).toEqual([
      'lambda:InvokeFunction lambda:GetFunctionConfiguration',
      'lambda:GetAccountSettings',
      's3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload',
      's3:ListBucket',
    ])
    expect(list(own[0]!.Resource).map(text)).toEqual(
      [512, 1769].map((size) => `arn:⟨⟩:lambda:eu-central-1:⟨⟩:function:mayfly-${size}`),
    )
  })

  it('to objects are the same for both', () => {
    const of = (type: string) => statements().filter((one) => one.of === type && /^(Objects|List)$/.test(one.Sid ?? ''))
    const [callers, functions] = ['AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'].map((type) =>
      of(type).map(({ of: _, ...statement }) => statement),
    )
    expect(functions).toEqual(callers)
  })

  it('to list are for the prefixes, and hold for single objects, so that a missing one is missing and not forbidden', () => {
    for (const { Condition } of statements().filter(({ Sid }) => Sid === 'List')) {
      expect(Condition).toEqual({ StringLikeIfExists: { 's3:prefix': chosen.prefixes.map((prefix) => `${prefix}*`) } })
    }
  })
})

describe('the budget', () => {
  it('tells the owner before the money is gone', () => {
    template.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: { BudgetLimit: { Amount: 7, Unit: 'USD' }, TimeUnit: 'MONTHLY', BudgetType: 'COST' },
      NotificationsWithSubscribers: ['ACTUAL', 'ACTUAL', 'FORECASTED'].map((NotificationType) =>
        Match.objectLike({
          Notification: Match.objectLike({ NotificationType }),
          Subscribers: [{ SubscriptionType: 'EMAIL', Address: 'owner@example.org' }],
        }),
      ),
    })
  })

  it('is not there without somebody to tell', () => {
    const { stack } = makeApp(settings({ region: 'eu-central-1' }), worker)
    Template.fromStack(stack).resourceCountIs('AWS::Budgets::Budget', 0)
  })
})

describe('cdk-nag', () => {
  it('stops the synthesis for a finding that nobody accepted', () => {
    const { app, stack } = makeApp(settings({ region: 'eu-central-1' }), worker, join(folder, 'bad'))
    new Bucket(stack, 'Open')
    expect(() => app.synth()).toThrow(/AwsSolutions-S10/)
  })

  it('accepts an older runtime and another architecture when they are asked for', () => {
    const other = settings({
      region: 'us-east-1',
      runtime: 'nodejs22.x',
      architecture: 'arm64',
      name: 'lab',
      memory: [256],
    })
    const { app, stack } = makeApp(other, worker, join(folder, 'other'))
    app.synth()
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      ...{ Runtime: 'nodejs22.x', Architectures: ['arm64'], FunctionName: 'lab-256' },
    })
  })
})

describe('settings', () => {
  it.each([
    [{}, "--region: a region such as 'eu-central-1' is needed"],
    [{ region: 'Frankfurt' }, '--region'],
    [{ region: 'eu-central-1', memory: [64] }, '--memory'],
    [{ region: 'eu-central-1', memory: [512, 512] }, '--memory: a size stands twice'],
    [{ region: 'eu-central-1', name: 'Has Spaces' }, '--name'],
    [{ region: 'eu-central-1', email: 'nobody' }, '--email'],
    [{ region: 'eu-central-1', budget: Number('x') }, '--budget'],
    [{ region: 'eu-central-1', prefixes: ['*'] }, '--prefixes'],
  ])('%j is refused by name', (given, message) => {
    expect(() => settings(given)).toThrow(message)
  })

  it('become the section of the configuration, by size', () => {
    expect(section(chosen, { Bucket: 'the-bucket' }, 'lab')).toEqual({
      aws_lambda: {
        ...{ region: 'eu-central-1', profile: 'lab', architecture: 'x86_64' },
        functions: { 512: 'mayfly-512', 1769: 'mayfly-1769' },
      },
      aws_s3: { region: 'eu-central-1', bucket: 'the-bucket', profile: 'lab' },
    })
  })
})
