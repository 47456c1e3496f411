/** Findings of cdk-nag that stand, each where it is and with the reason. Any other fails the synthesis. */
import { Validations } from 'aws-cdk-lib'
import type { Settings } from './settings.js'
import type { MayflyStack } from './stack.js'

export function accept(stack: MayflyStack, { prefixes, runtime }: Settings): void {
  const { data, deadLetter, worker, caller, functions } = stack
  Validations.of(data).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'Access logs would be more objects than the data; CloudTrail has data events for those who want them.',
  })
  Validations.of(deadLetter).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue, of functions; the rule knows those of queues only.',
  })
  const bucket = stack.getLogicalId(data.node.defaultChild as never)
  for (const policy of [worker, caller]) {
    for (const prefix of prefixes) {
      Validations.of(policy).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${bucket}.Arn>/${prefix}*]`,
        reason: 'Keys of objects are made while calls run; the bucket has nothing but those.',
      })
    }
  }
  Validations.of(caller).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'lambda:GetAccountSettings belongs to no resource, AWS takes nothing but * for it. It only reads quotas.',
  })
  if (runtime === 'nodejs24.x') return
  for (const made of functions) {
    Validations.of(made).acknowledge({
      id: 'AwsSolutions-L1',
      reason: 'An older runtime was asked for; AWS maintains it.',
    })
  }
}
