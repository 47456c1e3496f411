/** The one stack: a bucket, a function per size, who may do what, and what watches over the money. */
import { type Arn, ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib'
import { CfnBudget } from 'aws-cdk-lib/aws-budgets'
import { ManagedPolicy, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, CfnEventInvokeConfig, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { callerRights, objectRights, workerRights } from './policies.js'
import type { Settings } from './settings.js'

/** The code of the functions: a ZIP archive, and the hash by which the executor knows it. */
export interface Worker {
  file: string
  hash: string
  handler: string
}

/** Inputs and results that a job has left behind go after this long, days; a job removes its own when it ends. */
const JOB_DAYS = 7
/** Seconds an asynchronous call may wait for its turn, as the backend has it for functions that it makes itself. */
const EVENT_AGE = 300

export class MayflyStack extends Stack {
  readonly data: Bucket
  readonly deadLetter: Queue
  readonly worker: Role
  readonly caller: ManagedPolicy
  readonly functions: LambdaFunction[]

  constructor(scope: Construct, settings: Settings, worker: Worker) {
    super(scope, settings.name, {
      env: { region: settings.region },
      description: 'Mayfly: functions that notebooks call, and the bucket of their data',
    })
    Tags.of(this).add('mayfly', settings.name)
    this.data = this.#bucket()
    this.deadLetter = new Queue(this, 'DeadLetter', {
      ...{ encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(14) },
    })
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/mayfly/${settings.name}`,
      ...{ retention: RetentionDays.TWO_WEEKS, removalPolicy: RemovalPolicy.DESTROY },
    })
    const objects = { bucketArn: this.data.bucketArn, prefixes: settings.prefixes }
    this.worker = new Role(this, 'Worker', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Functions of Mayfly: their data, their log, their dead letters',
      inlinePolicies: {
        worker: new PolicyDocument({
          statements: [...objectRights(objects), ...workerRights(log.logGroupArn, this.deadLetter.queueArn)],
        }),
      },
    })
    this.functions = settings.memory.map((memory) => this.#function(memory, { settings, worker, log }))
    const names = settings.memory.map((memory) => this.formatArn(functionArn(settings, memory)))
    this.caller = new ManagedPolicy(this, 'Caller', {
      description: `May run calls of Mayfly on the functions of ${settings.name}`,
      document: new PolicyDocument({ statements: [...callerRights(names), ...objectRights(objects)] }),
    })
    if (settings.email) this.#budget(settings, settings.email)
    new CfnOutput(this, 'Bucket', { value: this.data.bucketName })
    new CfnOutput(this, 'CallerPolicy', { value: this.caller.managedPolicyArn })
    new CfnOutput(this, 'DeadLetterQueue', { value: this.deadLetter.queueUrl })
  }

  #bucket(): Bucket {
    return new Bucket(this, 'Data', {
      ...{ blockPublicAccess: BlockPublicAccess.BLOCK_ALL, objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED },
      ...{ encryption: BucketEncryption.S3_MANAGED, enforceSSL: true, minimumTLSVersion: 1.2 },
      lifecycleRules: [
        { id: 'jobs', prefix: 'jobs/', expiration: Duration.days(JOB_DAYS) },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      // Data are the user's: they outlive the stack.
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  #function(memory: number, given: { settings: Settings; worker: Worker; log: LogGroup }): LambdaFunction {
    const { settings, worker, log } = given
    const made = new LambdaFunction(this, `Function${memory}`, {
      functionName: functionName(settings, memory),
      description: `Calls of Mayfly with up to ${memory} MB`,
      code: Code.fromAsset(worker.file, { assetHash: worker.hash }),
      ...{ handler: worker.handler, memorySize: memory, timeout: Duration.minutes(15) },
      runtime: settings.runtime === 'nodejs24.x' ? Runtime.NODEJS_24_X : Runtime.NODEJS_22_X,
      architecture: settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      // By this the executor knows whether the function runs the code it speaks to.
      environment: { MAYFLY_WORKER: worker.hash },
      ...{ role: this.worker.withoutPolicyUpdates(), logGroup: log },
      ...(settings.concurrency ? { reservedConcurrentExecutions: settings.concurrency } : {}),
    })
    // Retries are the executor's, which knows which calls still need one.
    new CfnEventInvokeConfig(this, `Events${memory}`, {
      ...{ functionName: made.functionName, qualifier: '$LATEST', maximumRetryAttempts: 0 },
      maximumEventAgeInSeconds: EVENT_AGE,
      destinationConfig: { onFailure: { destination: this.deadLetter.queueArn } },
    })
    return made
  }

  /** Warns before the month's money is gone: of the services used here, in the whole account. */
  #budget({ name, budget }: Settings, email: string): void {
    const warn = (notificationType: string, threshold: number) => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers: [{ subscriptionType: 'EMAIL', address: email }],
    })
    new CfnBudget(this, 'Budget', {
      budget: {
        ...{ budgetName: `${name}-${this.region}`, budgetType: 'COST', timeUnit: 'MONTHLY' },
        budgetLimit: { amount: budget, unit: 'USD' },
        costFilters: { Service: SERVICES },
      },
      notificationsWithSubscribers: [warn('ACTUAL', 50), warn('ACTUAL', 90), warn('FORECASTED', 100)],
    })
  }
}

/** As bills name them. */
const SERVICES = ['AWS Lambda', 'Amazon Simple Storage Service', 'Amazon Simple Queue Service', 'AmazonCloudWatch']

export function functionName({ name }: Pick<Settings, 'name'>, memory: number): string {
  return `${name}-${memory}`
}

/** By name, not by reference: a policy that refers to functions would have to wait for them. */
function functionArn(settings: Settings, memory: number): Parameters<typeof Arn.format>[0] {
  const resourceName = functionName(settings, memory)
  return { service: 'lambda', resource: 'function', resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME }
}
