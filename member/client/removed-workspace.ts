/** What people read when the platform says that a workspace was deleted. */

import { plainText } from '../../base/plain-text.ts'

/** The body of a 410; every field may be missing, null or of the wrong type. */
export interface RemovedWorkspaceBody {
  readonly id?: unknown
  readonly removed_at?: unknown
  readonly hint?: unknown
}

const DEFAULT_HINT =
  'Create a new workspace and a token for it on the platform, then put both in the .env file via /molecule:configure.'

const MAX_ID = 100
const MAX_TIME = 64
const MAX_HINT = 300

/**
 * Says which workspace was deleted, when, and what to do.
 *
 * @param workspaceId The requested id, used unless the body names one.
 * @param body The platform's answer, unchecked: ignores what is not a string, and cleans and cuts the rest.
 */
export function formatRemovedWorkspaceError(
  workspaceId: string,
  body: RemovedWorkspaceBody | null | undefined,
): string {
  const id = field(body?.id, MAX_ID) || plainText(workspaceId, MAX_ID)
  const removedAt = field(body?.removed_at, MAX_TIME)
  const hint = field(body?.hint, MAX_HINT) || DEFAULT_HINT
  return `Workspace ${id} was deleted on the platform${removedAt && ` at ${removedAt}`}. ${hint}`
}

function field(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? plainText(value, maxLength) : ''
}
