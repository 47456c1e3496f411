/** One place for what the AWS SDK would print by itself. */

/**
 * The SDK warns in every process on Node 20 that its releases of 2027 will need Node 22. Which release we use is pinned, so there is
 * nothing that a user could do about it. Who wants the warning sets the variable to anything else than `true`.
 */
export function quietSdk(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
}
