/** Workspace ids as part of an address. */
import { PlatformError } from './errors.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(value: string): boolean {
  return UUID.test(value)
}

/**
 * Builds `/workspaces/<id><rest>`. Checks the id, so that nothing a platform or a model says can change the path.
 *
 * @throws {@link PlatformError} `refused` when the id is not a UUID.
 */
export function workspacePath(id: string, rest = ''): string {
  if (isUuid(id)) return `/workspaces/${id}${rest}`
  throw new PlatformError(
    'refused',
    `"${id.slice(0, 60)}" is not a workspace id: it must be a UUID (list_peers shows them)`,
  )
}
