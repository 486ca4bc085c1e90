/** The environment of a backend's program: ours without secrets, and what is known about the message. */
import type { Environment } from '../../member/settings/config.ts'
import type { Request } from './backend.ts'

/** Settings that hold tokens; and what a service manager gave to this process alone. */
const OWN_NAMES =
  /^(?:MOLECULE_(?:WORKSPACES_JSON|WORKSPACE_TOKENS?|ADMIN_TOKEN)|NOTIFY_SOCKET|WATCHDOG_(?:USEC|PID))$/

/** Linux starts no program with a variable of more than twice as much. */
const MAX_VALUE_BYTES = 64 * 1024

/**
 * A token is also taken out where it stands under another name. Pure.
 *
 * @param secrets the tokens of this process.
 */
export function withoutSecrets(environment: Environment, secrets: readonly string[]): Environment {
  const isOwn = (name: string, value: string): boolean =>
    OWN_NAMES.test(name) || secrets.some((secret) => value.includes(secret))
  return Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value !== undefined && !isOwn(name, value)),
  )
}

/** Who sent the message, and what it is about. Its text is not among them. Pure. */
export function aboutMessage(
  request: Omit<Request, 'peerRole' | 'authenticated' | 'text' | 'event'>,
): Environment {
  const { files } = request
  return Object.fromEntries(
    Object.entries({
      MOLECULE_WORKSPACE_ID: request.workspaceId,
      MOLECULE_CALLER_ID: request.peerId,
      MOLECULE_MESSAGE_ID: request.idempotencyKey,
      MOLECULE_ACTIVITY_ID: request.activityId,
      MOLECULE_TASK_ID: request.taskId,
      MOLECULE_METHOD: request.method,
      MOLECULE_KIND: request.kind,
      MOLECULE_PEER_NAME: request.peerName ?? request.userName,
      MOLECULE_CONTEXT_ID: request.contextId,
      MOLECULE_REDELIVERED: request.redelivered ? 'true' : null,
      // One path in a line: a name on disk contains none.
      MOLECULE_FILES: files.flatMap(({ path }) => (path === undefined ? [] : [path])).join('\n'),
    })
      .map(([name, value]) => [name, withoutZero(value ?? '')] as const)
      .filter(([, value]) => value !== '' && Buffer.byteLength(value) <= MAX_VALUE_BYTES),
  )
}

/** A zero byte ends a variable, and with it the start of a program. */
function withoutZero(value: string): string {
  return value.replaceAll('\0', '')
}
